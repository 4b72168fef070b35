"""The configuration of an image: for which machine it is, how it is run, what its layers are.

Format: OCI image specification 1.1, "config.md". What is not known here is kept as it is: an image that stands on
another one passes it on.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from jesses.base.documents import read_json
from jesses.base.errors import FormatError
from jesses.base.naming.arch import Arch
from jesses.image.manifest import Digest, Platform


class RootFs(Struct, frozen=True, kw_only=True):
    """The layers, the lowest first, by the digests of their tar archives before compression."""

    type: str = "layers"
    diff_ids: tuple[Digest, ...] = ()


class ConfigFile(Struct, frozen=True, kw_only=True):
    """An image's configuration. `config` is how to run it, `history` one entry for each step of its making.

    `created` is a time by RFC 3339.
    """

    architecture: str
    os: str
    rootfs: RootFs
    variant: str | None = None
    created: str | None = None
    config: Mapping[str, Any] | None = None
    history: tuple[Mapping[str, Any], ...] | None = None

    @property
    def arch(self) -> Arch | None:
        """The architecture by our name; None for what no image of ours runs on."""
        return Platform(architecture=self.architecture, os=self.os).arch

    def document(self) -> dict[str, Any]:
        """The configuration as JSON has it."""
        return {
            **({} if self.variant is None else {"variant": self.variant}),
            **({} if self.created is None else {"created": self.created}),
            "architecture": self.architecture,
            "os": self.os,
            "config": self.config or {},
            "rootfs": msgspec.to_builtins(self.rootfs),
            "history": list(self.history or ()),
        }


class _RunFields(Struct, frozen=True, kw_only=True, rename="pascal"):
    """What is looked at in `ConfigFile.config`, to see that it is of the right type; the rest is passed on."""

    user: str | None = None
    exposed_ports: Mapping[str, Any] | None = None
    env: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    volumes: Mapping[str, Any] | None = None
    working_dir: str | None = None
    labels: Mapping[str, str] | None = None


def parse_config(data: bytes, *, name: str) -> ConfigFile:
    """Read the configuration of the image `name`.

    Raises:
        FormatError: it is not one.

    """
    try:
        found = read_json(data, ConfigFile)
        msgspec.convert(found.config or {}, _RunFields)
    except ValueError as error:
        raise FormatError(
            f"the configuration of {name} is not as the OCI image specification has it: {error}",
            fix="make or push that image again, or use another one",
        ) from error
    return found
