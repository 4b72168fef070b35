"""Artifacts: the finished files of a release, and their manifest `artifacts.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from semver import Version

from release.arch import Arch

Kind = Literal["tarball", "deb", "rpm", "image", "image-archive", "sbom"]

SUFFIXES: Final[Mapping[str, str]] = {"tarball": ".tar.gz", "deb": ".deb", "rpm": ".rpm"}
"""The ends of the file names of packages, dot included."""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """One finished file (for an image: its layout directory) with its identity.

    `sha256` is the digest of the bytes *before* signing: it alone decides same or different.
    `signed_sha256` is the digest of the file as published, where a signature lies inside it, else None.
    `size` is bytes of the file as it is now.
    """

    path: Path
    kind: Kind
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
