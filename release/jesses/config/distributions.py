"""Which compressions the package managers of distributions read.

gzip and xz are read by all of them: xz since dpkg 1.15.6 and rpm 4.8. For zstd

- dpkg 1.21.18 is the first (Debian bug 892664); Ubuntu's own has it since 18.04 (Launchpad bug 1764220);
- rpm 4.14 is the first, where it was built with it: in RHEL 8 from 8.2 on (Red Hat bug 1715799), in Fedora
  since 31 (which made it the default), not in Amazon Linux 2 (rpm 4.11). A SLES whose rpm is not known to
  read it counts as one that does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from jesses.base.artifact import Compression

ManagedFormat = Literal["deb", "rpm"]

Distribution = Literal[
    "debian-10",
    "debian-11",
    "debian-12",
    "debian-13",
    "ubuntu-18.04",
    "ubuntu-20.04",
    "ubuntu-22.04",
    "ubuntu-24.04",
    "el7",
    "el8",
    "el9",
    "el10",
    "fedora",
    "amazon-2",
    "amazon-2023",
    "sles-12",
    "sles-15",
]

DEFAULT_OLDEST: Final[tuple[Distribution, ...]] = ("debian-10", "ubuntu-18.04", "el7")


@dataclass(frozen=True, kw_only=True)
class Reader:
    """What installs packages in a distribution, and whether it reads zstd."""

    format: ManagedFormat
    program: str
    zstd: bool

    def reads(self, compression: Compression) -> bool:
        return self.zstd or compression != "zstd"


READERS: Final[Mapping[Distribution, Reader]] = {
    "debian-10": Reader(format="deb", program="dpkg 1.19", zstd=False),
    "debian-11": Reader(format="deb", program="dpkg 1.20", zstd=False),
    "debian-12": Reader(format="deb", program="dpkg 1.21", zstd=True),
    "debian-13": Reader(format="deb", program="dpkg 1.22", zstd=True),
    "ubuntu-18.04": Reader(format="deb", program="dpkg 1.19", zstd=True),
    "ubuntu-20.04": Reader(format="deb", program="dpkg 1.19", zstd=True),
    "ubuntu-22.04": Reader(format="deb", program="dpkg 1.21", zstd=True),
    "ubuntu-24.04": Reader(format="deb", program="dpkg 1.22", zstd=True),
    "el7": Reader(format="rpm", program="rpm 4.11", zstd=False),
    "el8": Reader(format="rpm", program="rpm 4.14", zstd=True),
    "el9": Reader(format="rpm", program="rpm 4.16", zstd=True),
    "el10": Reader(format="rpm", program="rpm 4.19", zstd=True),
    "fedora": Reader(format="rpm", program="rpm 4.15", zstd=True),
    "amazon-2": Reader(format="rpm", program="rpm 4.11", zstd=False),
    "amazon-2023": Reader(format="rpm", program="rpm 4.16", zstd=True),
    "sles-12": Reader(format="rpm", program="rpm 4.11", zstd=False),
    "sles-15": Reader(format="rpm", program="rpm 4.14", zstd=False),
}
