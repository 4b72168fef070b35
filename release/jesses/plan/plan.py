"""The plan: everything a release will make and where it goes, as a pure value that is then executed as it is."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jesses.base.artifact import ArtifactKind, Compression, suffix
from jesses.base.naming import spelling
from jesses.base.naming.arch import Arch
from jesses.config import Channel, Config, PackageTable
from jesses.config.models import FormatName
from jesses.plan.versions import ComponentVersion


@dataclass(frozen=True, kw_only=True)
class PlannedBuild:
    """One run of a build command."""

    build: str
    component: str
    arch: Arch
    command: tuple[str, ...]
    environment: tuple[str, ...] = ()
    """Variables that the command may see though they may hold secrets."""


@dataclass(frozen=True, kw_only=True)
class PlannedPackage:
    """One package file; `name` is its entry under `packages`, `build` and `arch` name its staged tree.

    With `debug` it holds the debug information of that package instead of the package. One that is `released`
    is in the channel's store already and is taken from there.
    """

    file_name: str
    kind: FormatName
    name: str
    component: str
    build: str
    arch: Arch
    compression: Compression = "gzip"
    debug: bool = False
    released: bool = False


@dataclass(frozen=True, kw_only=True)
class PlannedImage:
    """One multi-arch image: a layout called `name`, and an archive to load for each architecture."""

    name: str
    component: str
    build: str
    archives: Mapping[Arch, str]
    base: str | None
    dockerfile: str | None
    skipped: str
    """Why it is not made; empty where it is."""


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where one publisher will put what it takes."""

    publisher: str
    location: str
    takes: tuple[ArtifactKind, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A whole release. `channel` is None for a snapshot, which stays in the output directory."""

    project: str
    channel: str | None
    versions: Mapping[str, ComponentVersion]
    builds: tuple[PlannedBuild, ...]
    packages: tuple[PlannedPackage, ...]
    images: tuple[PlannedImage, ...]
    destinations: tuple[Destination, ...]

    def as_data(self) -> dict[str, Any]:
        """The plan as plain data, for `--json`."""
        return {
            "project": self.project,
            "channel": self.channel,
            "versions": {name: version.as_data() for name, version in self.versions.items()},
            "builds": [vars(build) for build in self.builds],
            "packages": [vars(package) for package in self.packages],
            "images": [vars(image) for image in self.images],
            "destinations": [vars(destination) for destination in self.destinations],
        }


def make_plan(
    config: Config,
    versions: Mapping[str, ComponentVersion],
    *,
    channel: str | None = None,
    descriptions: Mapping[str, Config] | None = None,
    released: Collection[str] = (),
    no_engine: str = "",
) -> Plan:
    """Plan the release of `versions` to a channel of `config`, or as a snapshot.

    `descriptions` has the configuration for each component that is not made as `config` says; `released` are the
    names of the files that the channel's store has already; `no_engine` says why images cannot be built from a
    Dockerfile here.
    """
    described = [(name, (descriptions or {}).get(name, config)) for name in versions]
    packages = tuple(
        replace(package, released=package.file_name in released)
        for name, description in described
        for package in _packages(description, name, versions[name])
    )
    images = tuple(
        image
        for name, description in described
        for image in _images(description, name, versions[name], no_engine)
    )
    needed = {(package.build, package.arch) for package in packages if not package.released}
    needed |= {(image.build, arch) for image in images for arch in image.archives}
    return Plan(
        project=config.project.name,
        channel=channel,
        versions=versions,
        builds=tuple(_builds(described, packages, needed)),
        packages=packages,
        images=images,
        destinations=_destinations(config.channels[channel] if channel else SNAPSHOT),
    )


SNAPSHOT = Channel(store="site")
"""Where a snapshot is published: a store inside the output directory."""


def _builds(
    described: Iterable[tuple[str, Config]],
    packages: Iterable[PlannedPackage],
    needed: Collection[tuple[str, Arch]],
) -> Iterator[PlannedBuild]:
    """Every build but those of which all is released already."""
    released = {(package.build, package.arch) for package in packages if package.released}
    for component, description in described:
        for name, build in description.builds.items():
            for arch in build.architectures:
                if build.component == component and ((name, arch) in needed or (name, arch) not in released):
                    yield PlannedBuild(
                        build=name,
                        component=component,
                        arch=arch,
                        command=build.command,
                        environment=build.environment,
                    )


def _packages(config: Config, component: str, version: ComponentVersion) -> Iterator[PlannedPackage]:
    spelled = spelling.file_name(version.version)
    for name, package in config.packages.items():
        if package.component != component:
            continue
        for arch in package.architectures or config.builds[package.build].architectures:
            for kind, debug in _made(package):
                compression: Compression = getattr(config.compression, kind)
                yield PlannedPackage(
                    file_name=_file_name(name, package, spelled, arch, kind, debug=debug)
                    + suffix(kind, compression),
                    kind=kind,
                    name=name,
                    component=component,
                    build=package.build,
                    arch=arch,
                    compression=compression,
                    debug=debug,
                )


def _made(package: PackageTable) -> Iterator[tuple[FormatName, bool]]:
    """Each format, and whether it is the debug package."""
    yield from ((kind, False) for kind in package.formats)
    if package.debug:
        yield from ((kind, True) for kind in package.formats if kind != "tarball")


def _file_name(
    name: str, package: PackageTable, version: str, arch: Arch, kind: FormatName, *, debug: bool
) -> str:
    if debug:
        return f"{debug_name(name, kind)}-{version}-{arch}"
    if package.static and kind == "tarball":
        return f"{name.removesuffix('-static')}-{version}-static-{arch}"
    return f"{name}-{version}-{arch}"


def debug_name(name: str, kind: FormatName) -> str:
    """What the debug package of `name` is called, after the custom of each format."""
    return f"{name}-dbg" if kind == "deb" else f"{name}-debuginfo"


def _images(
    config: Config, component: str, version: ComponentVersion, no_engine: str
) -> Iterator[PlannedImage]:
    spelled = spelling.file_name(version.version)
    for name, image in config.images.items():
        if image.component != component:
            continue
        archs = image.architectures or config.builds[image.build].architectures
        yield PlannedImage(
            name=name,
            component=component,
            build=image.build,
            archives={arch: f"{name}-{spelled}-{arch}.oci.tar" for arch in archs},
            base=image.base,
            dockerfile=image.dockerfile,
            skipped=no_engine if image.dockerfile else "",
        )


def _destinations(channel: Channel) -> tuple[Destination, ...]:
    return (
        Destination(publisher="files", location=channel.files, takes=("tarball",)),
        Destination(publisher="apt", location=channel.apt, takes=("deb",)),
        Destination(publisher="yum", location=channel.yum, takes=("rpm",)),
        *(
            Destination(publisher="registry", location=prefix, takes=("image",))
            for prefix in channel.registries
        ),
    )
