"""Take over what other machines have built."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jesses.base.artifact import Artifact
from jesses.base.errors import OutputError
from jesses.package.formats.sbom import SUFFIX
from jesses.pipeline.context import Context, State, Step
from jesses.pipeline.handover import artifacts_in, saved_images, unpack_trees


def collect(directories: Sequence[Path]) -> Step:
    """A step that takes over what was built in `directories`; what was released already stays as it is.

    Raises:
        OutputError: something there is damaged, or was made from another commit.

    """

    def step(context: Context, state: State) -> State:
        found = {artifact.path.name: artifact for artifact in state.artifacts}
        trees, saved = dict(state.trees), dict(state.saved)
        for directory in directories:
            for artifact in artifacts_in(directory):
                if artifact.path.name not in found:
                    found[artifact.path.name] = _taken(context, directory, artifact)
            trees |= dict(
                unpack_trees(directory, context.inputs.plan, context.tools.workspace.scratch / "staged")
            )
            saved |= dict(saved_images(directory, context.inputs.plan))
        return replace(state, trees=trees, saved=saved, artifacts=tuple(found.values()))

    return step


def _taken(context: Context, directory: Path, artifact: Artifact) -> Artifact:
    planned = {package.file_name for package in context.inputs.plan.packages}
    name = artifact.path.name.removesuffix(SUFFIX)
    if name not in planned:
        known = ", ".join(sorted(planned))
        raise OutputError(
            f"{name} is not in the plan, which has {known}",
            fix="build and publish from the same commit",
        )
    path = context.tools.workspace.output / artifact.path.relative_to(directory)
    path.parent.mkdir(exist_ok=True)
    shutil.copyfile(artifact.path, path)
    return replace(artifact, path=path)
