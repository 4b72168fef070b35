"""One package as the formats see it: metadata, scripts and payload, resolved for one format and one arch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from semver import Version

from jesses.base.artifact import Compression
from jesses.base.naming.arch import Arch
from jesses.base.payload import Payload


@dataclass(frozen=True, kw_only=True)
class Relations:
    """What a package asks of others, in the words of its format (`"dkms"`, `"libc6 (>= 2.31)"`).

    A format without a word for one of them refuses it rather than dropping it.
    """

    depends: tuple[str, ...] = ()
    recommends: tuple[str, ...] = ()
    suggests: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()


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
    relations: Relations = field(default_factory=Relations)
    scripts: Mapping[str, str] = field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()
    trigger_lines: tuple[str, ...] = ()
    compression: Compression = "gzip"
