"""Packages that carry their signature inside: signing again would give other bytes, so the first ones count."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from jesses.base.artifact import Artifact
from jesses.base.digest import sha256_of
from jesses.base.errors import ConflictError, FormatError
from jesses.package.formats import deb_signature, rpm


def adopt(artifact: Artifact, published: BinaryIO, name: str) -> Artifact:
    """`artifact` with the bytes that are `published` under its name; its file is replaced.

    Raises:
        ConflictError: they differ in more than the signature; the file is left alone.

    """
    with tempfile.TemporaryDirectory(prefix=".published-", dir=artifact.path.parent) as directory:
        copy = Path(directory) / artifact.path.name
        with copy.open("wb") as out:
            shutil.copyfileobj(published, out, 1 << 20)
        if unsigned_sha256(copy) != artifact.sha256:
            raise ConflictError(
                f"{name} is already published with other bytes",
                fix="a published version never changes: release a new one",
            )
        copy.chmod(artifact.path.stat().st_mode)
        copy.replace(artifact.path)
    digest = sha256_of(artifact.path)
    return replace(
        artifact,
        signed_sha256=None if digest == artifact.sha256 else digest,
        size=artifact.path.stat().st_size,
    )


def unsigned_sha256(path: Path) -> str | None:
    """The digest of a package before signing; None where it is no package."""
    with path.open("rb") as stream:
        try:
            return rpm.unsigned_sha256(stream)
        except FormatError:
            stream.seek(0)
        try:
            return deb_signature.unsigned_sha256(stream)
        except FormatError:
            return None
