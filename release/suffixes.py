"""Names of compressions, and the ends of the file names of packages. Light, so that a plan is quick to make."""

from collections.abc import Mapping
from typing import Final, Literal

Compression = Literal["gzip", "zstd", "xz"]

SUFFIXES: Final[Mapping[Compression, str]] = {"gzip": ".gz", "zstd": ".zst", "xz": ".xz"}


def package_suffix(kind: str, compression: Compression) -> str:
    """The end of a package's file name, dot included.

    >>> package_suffix("tarball", "gzip"), package_suffix("deb", "xz")
    ('.tar.gz', '.deb')
    """
    return f".tar{SUFFIXES[compression]}" if kind == "tarball" else f".{kind}"
