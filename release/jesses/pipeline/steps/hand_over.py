"""Leave in the output what another machine needs to go on from here."""

import json

from jesses.base.bytes.atomic import write_file
from jesses.base.bytes.rope import Rope
from jesses.pipeline.context import Context, State
from jesses.pipeline.handover import commits_of, pack_tree
from jesses.pipeline.workspace import MANIFEST


def hand_over(context: Context, state: State) -> State:
    """Staged trees of images, and `artifacts.json`; the artifacts lie there already."""
    output = context.tools.workspace.output
    needed = {image.build for image in context.inputs.plan.images}
    for (build, arch), tree in state.trees.items():
        if build in needed:
            pack_tree(tree, output, build=build, arch=arch)
    rows = [artifact.row(artifact.path.relative_to(output).as_posix()) for artifact in state.artifacts]
    plan = context.inputs.plan
    data = {"project": plan.project, "commits": commits_of(plan), "artifacts": rows}
    write_file(output / MANIFEST, Rope.of(json.dumps(data, indent=2).encode() + b"\n"))
    return state
