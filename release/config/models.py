"""What may stand in `release.toml`; `docs/release.schema.json` is made from these models."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from release.arch import Arch
from release.config.text import (
    AbsolutePath,
    ImageName,
    Line,
    Maintainer,
    Mode,
    Name,
    RegistryPrefix,
    SemVer,
    SiteUrl,
    Tag,
    TagPattern,
    Unit,
    Url,
    UserId,
)
from release.formats.layers import LARGE

FormatName = Literal["tarball", "deb", "rpm"]
MachineArch = Literal["x86_64", "aarch64"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Project(_Strict):
    """What the product is; every package and image carries it."""

    name: Name
    summary: Line
    homepage: Url
    license: Line
    """An SPDX licence expression."""
    maintainer: Maintainer
    vendor: Line
    source: str = ""
    """The URL of the source repository; the homepage where it is empty."""


class Component(_Strict):
    """A separately versioned line."""

    tag: TagPattern = "{version}"
    """What this component's git tags look like."""
    first_version: SemVer = "0.1.0"
    """The version that development leads to while there is no tag."""
    bump: Literal["minor", "contract"] = "minor"
    """How the next version is found: the next minor, or from the contract files."""
    contract: tuple[str, ...] = ()
    """Version files of the component's interface; the first line of each is a SemVer."""
    paths: tuple[str, ...] = ()
    """What belongs to the component (git pathspecs); empty: the whole repository."""


class Build(_Strict):
    """A command of the product that fills a staged tree, once for each architecture."""

    component: str
    command: Annotated[tuple[str, ...], Field(min_length=1)]
    architectures: Annotated[tuple[Arch, ...], Field(min_length=1)] = ("x86_64", "aarch64")


class Contents(_Strict):
    """One entry of a payload: a file or a tree, a link, or an empty directory."""

    path: AbsolutePath
    """Where it is installed; `{version}` stands for the component's version."""
    source: str | None = None
    """A file or directory of the repository."""
    staged: str | None = None
    """A file or directory of the staged tree of the package's build."""
    link: str | None = None
    """The target of a symbolic link."""
    directory: bool = False
    mode: Mode | None = None
    """Octal; otherwise 0755 for what its owner may execute, 0644 for the rest."""
    owner: str = "root"
    group: str = "root"
    config: bool = False
    """A configuration file, kept when an administrator has changed it."""
    doc: bool = False
    license: bool = False
    gzip: bool = False
    """Compress the file on its way in (manual pages)."""
    formats: tuple[FormatName, ...] = ("tarball", "deb", "rpm")
    """The formats that hold this entry."""


class FormatOptions(_Strict):
    """What holds for one package format alone; relations add to the package's own."""

    section: Line | None = None
    depends: tuple[str, ...] = ()
    recommends: tuple[str, ...] = ()
    suggests: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    scripts: dict[str, str] = {}
    """Maintainer scripts by the format's own names (postinst, post, ...): files of the repository."""


class Package(_Strict):
    """A package, made in each of its formats for each architecture of its build."""

    component: str
    build: str
    formats: Annotated[tuple[FormatName, ...], Field(min_length=1)] = ("tarball", "deb", "rpm")
    architectures: tuple[Arch, ...] = ()
    """Those of its build where it names none."""
    summary: Line | None = None
    license: Line | None = None
    """Where it is not the project's own; an SPDX expression."""
    description: Annotated[str, Field(min_length=1)]
    depends: tuple[str, ...] = ()
    recommends: tuple[str, ...] = ()
    suggests: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    services: tuple[Unit, ...] = ()
    """systemd units to enable, start, and restart on upgrade."""
    dkms: Name | None = None
    """The DKMS module that the package's sources build."""
    contents: Annotated[tuple[Contents, ...], Field(min_length=1)]
    deb: FormatOptions = FormatOptions()
    rpm: FormatOptions = FormatOptions()


class Image(_Strict):
    """A container image: put together from payload files without an engine, or built from a Dockerfile."""

    component: str
    build: str = ""
    architectures: tuple[MachineArch, ...] = ()
    """Those of its build where it names none."""
    dockerfile: str | None = None
    """A Dockerfile of the repository, for an image that must run commands; its directory is what it may copy."""
    arguments: dict[str, str] = {}
    """Build arguments of the Dockerfile; `{version}` stands for the component's version."""
    base: ImageName | None = None
    """The image that this one stands on, such as docker.io/library/debian:12; from scratch without one."""
    contents: tuple[Contents, ...] = ()
    layers: tuple[tuple[AbsolutePath, ...], ...] = ()
    """Groups of files and directories that change together: each group is a layer."""
    large_file: Annotated[int, Field(ge=0)] = LARGE
    """Bytes from which on a file has a layer of its own."""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    user: UserId | None = None
    labels: dict[str, str] = {}
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    working_directory: str = ""


class Channel(_Strict):
    """Where a kind of release goes."""

    store: str
    """A local directory, relative to `release.toml`."""
    url: SiteUrl | None = None
    """The address under which users reach the store; its `file://` address where there is none."""
    apt: str = "apt"
    """The prefix of the APT repository in the store; likewise below."""
    yum: str = "yum"
    files: str = "files"
    registries: tuple[RegistryPrefix, ...] = ()
    """What stands before the images' names in each registry that they are pushed to."""
    moving_tag: Tag | None = None
    """The tag that images of merges move; without it a release moves X.Y, X and latest."""


class Config(_Strict):
    """The whole of `release.toml`."""

    project: Project
    components: Annotated[dict[Name, Component], Field(min_length=1)]
    builds: dict[Name, Build] = {}
    packages: dict[Name, Package] = {}
    images: dict[Name, Image] = {}
    channels: dict[Name, Channel] = {}
