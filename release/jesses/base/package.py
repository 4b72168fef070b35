"""One package as the formats see it: metadata, scripts and payload, resolved for one format and one arch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, Literal, TypeVar

from msgspec import Struct
from semver import Version

from jesses.base.artifact import Compression
from jesses.base.naming.arch import Arch
from jesses.base.payload import Payload

Spelling = TypeVar("Spelling", bound=str)

SCRIPTS: Final[Mapping[Literal["deb", "rpm"], tuple[str, ...]]] = {
    "deb": ("preinst", "postinst", "prerm", "postrm"),
    "rpm": ("pretrans", "pre", "post", "preun", "postun", "posttrans"),
}
"""The maintainer scripts of each format (Debian Policy 6.1; the "Scriptlets" of rpm's manual)."""


class Relations(Struct, Generic[Spelling], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a package asks of others. `Spelling` is how a relation is written.

    Tables of the configuration are made from this class. In a `Package` the relations are in the syntax of its
    format (`"dkms"`, `"libc6 (>= 2.31)"`).
    """

    depends: tuple[Spelling, ...] = ()
    recommends: tuple[Spelling, ...] = ()
    suggests: tuple[Spelling, ...] = ()
    conflicts: tuple[Spelling, ...] = ()
    breaks: tuple[Spelling, ...] = ()
    provides: tuple[Spelling, ...] = ()
    replaces: tuple[Spelling, ...] = ()


RELATIONS: Final = Relations.__struct_fields__
"""The names of the relations, as in the configuration."""


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """Shell text that runs when other packages install or remove something below `path`."""

    path: str
    script: str


@dataclass(frozen=True, kw_only=True)
class Package:
    """Everything that goes into one package file; a value, so the same package gives the same bytes.

    `date` is seconds since 1970 UTC, the commit date of the component's own version: every time inside the
    file is this one. `summary` is one line; `description` is plain text, paragraphs parted by an empty line.
    `maintainer` is `Name <address>`. `scripts` maps the format's own script names (`postinst`, `%post` as
    `post`) to shell text, called with the format's own arguments. `triggers` are those of RPM,
    `trigger_lines` the lines of a DEB's `triggers` file. `compression` is that of the payload.
    """

    name: str
    version: Version
    arch: Arch
    date: int
    summary: str
    description: str
    license: str
    homepage: str
    maintainer: str
    vendor: str
    payload: Payload
    section: str = "misc"
    relations: Relations[str] = field(default_factory=Relations)
    scripts: Mapping[str, str] = field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()
    trigger_lines: tuple[str, ...] = ()
    compression: Compression = "gzip"
