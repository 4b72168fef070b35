"""What may stand in `release.toml`; `docs/release.schema.json` is made from these models."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from jesses.base.artifact import Compression
from jesses.base.naming.arch import Arch
from jesses.base.package import Relations
from jesses.config.distributions import DEFAULT_OLDEST, Distribution
from jesses.config.text import (
    AbsolutePath,
    BranchPattern,
    DistributionId,
    ImageName,
    ImageTagText,
    Maintainer,
    Mode,
    Name,
    OneLine,
    RegistryPrefix,
    RelationText,
    RepositoryText,
    SemVer,
    SiteUrl,
    StoreLocation,
    TagPattern,
    Unit,
    Url,
    UserId,
    VariableName,
)

FormatName = Literal["tarball", "deb", "rpm"]
MachineArch = Literal["x86_64", "aarch64"]


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file."""


class Project(_Table, frozen=True, kw_only=True):
    """What the product is; every package and image carries it."""

    name: Name
    summary: OneLine
    homepage: Url
    license: OneLine
    """An SPDX licence expression."""
    maintainer: Maintainer
    vendor: OneLine
    source: str = ""
    """The URL of the source repository; the homepage where it is empty."""
    github: RepositoryText | None = None
    """The repository on GitHub, owner/name: pull requests, checks and milestones are read from it."""
    sign_debs: bool = False
    """Whether DEB files carry a signature of their own too, as `debsigs` makes; most clients check none."""


class Component(_Table, frozen=True, kw_only=True):
    """A separately versioned line."""

    tag: TagPattern = "{version}"
    """What this component's git tags look like."""
    branch: BranchPattern | None = None
    """What its release branches look like; `{line}` stands for major and minor. By itself like its tags:
    `release/{line}.x` for `{version}` and `v{version}`, `release/{line}.x+driver` for `{version}+driver`."""
    first_version: SemVer = "0.1.0"
    """The version that development leads to while there is no tag."""
    bump: Literal["minor", "contract", "conventional"] = "minor"
    """How the next version is found: the next minor, from the contract files, or from commit messages."""
    contract: tuple[OneLine, ...] = ()
    """Version files of the component's interface; the first line of each is a SemVer."""
    paths: tuple[str, ...] = ()
    """What belongs to the component (git pathspecs); empty: the whole repository."""
    repository: str = "."
    """The directory of the component's sources, where they are in another repository (`../libs`)."""

    @property
    def release_branch(self) -> str:
        """What its release branches look like."""
        return self.branch or "release/" + self.tag.removeprefix("v").replace("{version}", "{line}.x")


class Build(_Table, frozen=True, kw_only=True):
    """A command of the product that fills a staged tree, once for each architecture."""

    component: str
    command: Annotated[tuple[str, ...], Meta(min_length=1)]
    architectures: Annotated[tuple[Arch, ...], Meta(min_length=1)] = ("x86_64", "aarch64")
    environment: tuple[VariableName, ...] = ()
    """Variables that the command may see though they may hold secrets, such as `AWS_PROFILE`."""


class Contents(_Table, frozen=True, kw_only=True):
    """One entry of a payload: a file, a tree or what matches a pattern, a link, a directory, a ghost."""

    path: AbsolutePath
    """Where it is installed; `{version}` stands for the component's version."""
    source: str | None = None
    """A file or directory of the repository, or a pattern with `*`, `**`, `?` or `[...]` for files."""
    staged: str | None = None
    """The same in the staged tree of the package's build."""
    link: str | None = None
    """The target of a symbolic link."""
    directory: bool = False
    ghost: bool = False
    """A file that the program makes and the package owns: nothing is installed, removal takes it away."""
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


class TriggerTable(_Table, frozen=True, kw_only=True):
    """A script that runs when other packages install or remove something below a path."""

    path: AbsolutePath
    script: str
    """A file of the repository: a shell script without arguments."""


class FormatOptions(Relations[str], frozen=True, kw_only=True):
    """What holds for one package format alone; relations, in the format's own syntax, add to the package's."""

    section: OneLine | None = None
    summary: OneLine | None = None
    description: str | None = None
    triggers: tuple[OneLine, ...] = ()
    """Lines of a DEB's `triggers` file (deb-triggers(5)), such as `activate-noawait ldconfig`."""
    scripts: dict[str, str] = {}  # noqa: RUF012 -- msgspec gives each its own
    """Maintainer scripts by the format's own names (postinst, post, ...): files of the repository."""


class PackageTable(Relations[RelationText], frozen=True, kw_only=True):
    """A package, made in each of its formats for each architecture of its build."""

    component: str
    build: str
    formats: Annotated[tuple[FormatName, ...], Meta(min_length=1)] = ("tarball", "deb", "rpm")
    architectures: tuple[Arch, ...] = ()
    """Those of its build where it names none."""
    summary: OneLine | None = None
    license: OneLine | None = None
    """Where it is not the project's own; an SPDX expression."""
    description: Annotated[str, Meta(min_length=1)]
    libraries: bool = True
    """Whether it depends on the libraries that its programs are linked with."""
    static: bool = False
    """Promises that no program needs a library; the file name of a tarball says so."""
    debug: bool = False
    """Take debug information out of the programs, into packages of their own (-dbg, -debuginfo)."""
    triggers: tuple[TriggerTable, ...] = ()
    services: tuple[Unit, ...] = ()
    """systemd units to enable, start, and restart on upgrade."""
    dkms: Name | None = None
    """The DKMS module that the package's sources build."""
    contents: Annotated[tuple[Contents, ...], Meta(min_length=1)]
    deb: FormatOptions = FormatOptions()
    rpm: FormatOptions = FormatOptions()


class ImageTable(_Table, frozen=True, kw_only=True):
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
    large_file: Annotated[int, Meta(ge=0)] = 4 << 20
    """Bytes from which on a file has a layer of its own."""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    user: UserId | None = None
    labels: dict[str, str] = {}
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    working_directory: str = ""


class Channel(_Table, frozen=True, kw_only=True):
    """Where a kind of release goes."""

    store: StoreLocation
    """A local directory, relative to `release.toml`, or `s3://bucket/prefix`."""
    endpoint: Url | None = None
    """The URL of a service with the API of S3 that is not Amazon's (R2, Ceph, MinIO)."""
    region: str | None = None
    """The bucket's region, where the environment does not name it."""
    cloudfront: DistributionId | None = None
    """The CloudFront distribution in front of the store; it is told what has moved."""
    url: SiteUrl | None = None
    """The address under which users reach the store; its `file://` address where there is none."""
    apt: str = "apt"
    """The prefix of the APT repository in the store; likewise below."""
    suite: Name = "stable"
    """The suite of the APT repository; channels with suites of their own may share one prefix."""
    yum: str = "yum"
    files: str = "files"
    plain_copies: bool = True
    """Whether users are served too whose apt knows no by-hash (before 1.2), or whose YUM source is a baseurl."""
    contents: bool = False
    """Whether the APT repository says which package has a file (`Contents`), for `apt-file`."""
    github: bool = False
    """Publish tagged versions as releases of the repository that `project.github` names, too."""
    registries: tuple[RegistryPrefix, ...] = ()
    """What stands before the images' names in each registry that they are pushed to."""
    moving_tag: ImageTagText | None = None
    """The tag that images of merges move; without it a release moves X.Y, X and latest."""


class Trial(_Table, frozen=True, kw_only=True):
    """How packages are tried before they are published: a container installs, uses and removes them."""

    image: str
    """A container image with apt (for DEBs) or dnf (for RPMs), such as `debian:12`."""
    format: Literal["deb", "rpm"]
    packages: tuple[str, ...] = ()
    """What is installed, all at once; empty: every package of that format."""
    command: tuple[str, ...] = ()
    """Run once they are installed, such as `["kestrel", "--version"]`; it must end with 0."""
    network: bool = True
    """Whether the container reaches a network, for what the packages depend on."""


class Compressions(_Table, frozen=True, kw_only=True):
    """How the payloads of packages are compressed, and who must be able to read them."""

    tarball: Compression = "gzip"
    deb: Compression = "gzip"
    rpm: Compression = "gzip"
    oldest: tuple[Distribution, ...] = DEFAULT_OLDEST
    """The oldest distributions that are served: what their package managers cannot read is an error."""


class Config(_Table, frozen=True, kw_only=True):
    """The whole of `release.toml`."""

    project: Project
    components: Annotated[dict[Name, Component], Meta(min_length=1)]
    builds: dict[Name, Build] = {}
    packages: dict[Name, PackageTable] = {}
    images: dict[Name, ImageTable] = {}
    channels: dict[Name, Channel] = {}
    trials: dict[Name, Trial] = {}
    compression: Compressions = Compressions()
