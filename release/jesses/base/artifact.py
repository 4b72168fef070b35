"""Artifacts: the finished files of a release, and their manifest `artifacts.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from semver import Version

from jesses.base.naming.arch import Arch

ArtifactKind = Literal["tarball", "deb", "rpm", "image", "image-archive", "sbom"]

Compression = Literal["gzip", "zstd", "xz"]

COMPRESSED: Final[Mapping[Compression, str]] = {"gzip": ".gz", "zstd": ".zst", "xz": ".xz"}
"""What the name of a compressed file ends with, dot included; that of a member of a DEB, too."""


def suffix(kind: Literal["tarball", "deb", "rpm"], compression: Compression) -> str:
    """The end of the file name of a package, dot included; `compression` is that of its payload."""
    return ".tar" + COMPRESSED[compression] if kind == "tarball" else f".{kind}"


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """One finished file (for an image: its layout directory) with its identity.

    `sha256` is the digest of the bytes *before* signing: it alone decides same or different.
    `signed_sha256` is the digest of the file as published, where a signature lies inside it, else None.
    `size` is bytes of the file as it is now.
    """

    path: Path
    kind: ArtifactKind
    component: str
    name: str
    version: Version
    arch: Arch | Literal["multi"]
    size: int
    sha256: str
    signed_sha256: str | None = None

    @property
    def published_sha256(self) -> str:
        """The digest of the bytes that a user downloads."""
        return self.signed_sha256 or self.sha256
