"""Write a bill of materials for every package file and every image."""

from dataclasses import replace
from pathlib import Path

from jesses.base.artifact import Artifact
from jesses.base.digest import sha256_of
from jesses.package.formats import sbom as spdx
from jesses.package.formats.sbom import SbomSubject
from jesses.pipeline.context import Context, State
from jesses.pipeline.workspace import SBOMS


def sbom(context: Context, state: State) -> State:
    """A document for everything that was made, below `sbom/` of the output."""
    directory = context.tools.workspace.output / SBOMS
    directory.mkdir(exist_ok=True)
    made = []
    for subject in state.subjects:
        path = directory / f"{subject.artifact.path.name}{spdx.SUFFIX}"
        path.write_bytes(spdx.document(subject))
        made.append(_described(subject, path))
    return replace(state, artifacts=(*state.artifacts, *made))


def _described(subject: SbomSubject, path: Path) -> Artifact:
    return replace(
        subject.artifact,
        path=path,
        kind="sbom",
        size=path.stat().st_size,
        sha256=sha256_of(path),
        signed_sha256=None,
    )
