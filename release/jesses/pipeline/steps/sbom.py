"""Write a bill of materials for every package file and every image."""

from dataclasses import replace

from jesses.base.bytes.atomic import PUBLIC, replacing
from jesses.package.formats import sbom as spdx
from jesses.pipeline.context import Context, State
from jesses.pipeline.workspace import SBOMS


def sbom(context: Context, state: State) -> State:
    """A document for everything that was made, below `sbom/` of the output."""
    directory = context.tools.workspace.output / SBOMS
    directory.mkdir(exist_ok=True)
    made = []
    for subject in state.subjects:
        path = directory / f"{subject.artifact.path.name}{spdx.SUFFIX}"
        with replacing(path, mode=PUBLIC) as out:
            out.writelines(spdx.blocks(subject))
        made.append(spdx.described(subject.artifact, path))
    return replace(state, artifacts=(*state.artifacts, *made))
