"""Write a bill of materials for every package file and every image."""

import hashlib
from dataclasses import replace
from pathlib import Path

from jesses.base.artifact import Artifact
from jesses.base.digest import sha256_of
from jesses.base.payload import ContentSource
from jesses.package.formats import sbom as spdx
from jesses.package.formats.sbom import Digests, SbomSubject
from jesses.pipeline.context import Context, State
from jesses.pipeline.workspace import SBOMS


def sbom(context: Context, state: State) -> State:
    """A document for everything that was made, below `sbom/` of the output."""
    directory = context.tools.workspace.output / SBOMS
    directory.mkdir(exist_ok=True)
    read: dict[str, Digests] = {}

    def digests(source: ContentSource) -> Digests:
        if isinstance(source, bytes):
            return Digests(sha1=_sha1(source), sha256=hashlib.sha256(source).hexdigest())
        name = str(source)
        if name not in read:
            with Path(name).open("rb") as stream:
                sha1 = hashlib.file_digest(stream, lambda: hashlib.sha1(usedforsecurity=False))
            read[name] = Digests(sha1=sha1.hexdigest(), sha256=context.tools.packer.pack(name).sha256)
        return read[name]

    made = []
    for subject in state.subjects:
        path = directory / f"{subject.artifact.path.name}{spdx.SUFFIX}"
        path.write_bytes(spdx.document(subject, digests))
        made.append(_described(subject, path))
    return replace(state, artifacts=(*state.artifacts, *made))


def _sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def _described(subject: SbomSubject, path: Path) -> Artifact:
    return replace(
        subject.artifact,
        path=path,
        kind="sbom",
        size=path.stat().st_size,
        sha256=sha256_of(path),
        signed_sha256=None,
    )
