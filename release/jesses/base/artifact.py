"""Artifacts: the finished files of a release, and their manifest `artifacts.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

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

    def row(self, path: str) -> dict[str, Any]:
        """The artifact as `artifacts.json` and `--json` have it; `path` is where its reader finds the file."""
        return {
            "path": path,
            "kind": self.kind,
            "name": self.name,
            "component": self.component,
            "version": str(self.version),
            "arch": self.arch,
            "size": self.size,
            "sha256": self.sha256,
            "signed_sha256": self.signed_sha256,
        }

    @classmethod
    def of_row(cls, row: Mapping[str, Any], directory: Path) -> "Artifact":
        """The artifact that a row of `artifacts.json` in `directory` tells of.

        Raises:
            KeyError, TypeError, ValueError: it is no such row, or its path leaves the directory.

        """
        path = Path(row["path"])
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(f"{path} leaves the directory")
        return cls(
            path=directory / path,
            kind=row["kind"],
            component=row["component"],
            name=row["name"],
            version=Version.parse(row["version"]),
            arch=row["arch"],
            size=row["size"],
            sha256=row["sha256"],
            signed_sha256=row["signed_sha256"],
        )
