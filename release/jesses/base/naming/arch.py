"""Architecture names: ours in the configuration and in file names, each system's own where it requires it."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

from jesses.base.errors import ConfigError

Arch = Literal["x86_64", "aarch64", "noarch"]


def parse_arch(name: str) -> Arch:
    """The architecture called `name`.

    Raises:
        ConfigError: there is no such one.

    """
    known: tuple[Arch, ...] = get_args(Arch)
    for arch in known:
        if arch == name:
            return arch
    raise ConfigError(f"there is no architecture {name!r}", fix=f"one of {', '.join(known)}")


MACHINES: Final[tuple[Arch, ...]] = ("x86_64", "aarch64")

DEBIAN: Final[Mapping[Arch, str]] = {"x86_64": "amd64", "aarch64": "arm64", "noarch": "all"}
"""Debian Policy 5.6.8."""

RPM: Final[Mapping[Arch, str]] = {"x86_64": "x86_64", "aarch64": "aarch64", "noarch": "noarch"}

OCI: Final[Mapping[Arch, str]] = {"x86_64": "amd64", "aarch64": "arm64"}
"""GOARCH values, as the OCI image specification asks for ("config.md", property `architecture`)."""
