"""The plan: everything a release will make and where it goes, as a pure value that is then executed as it is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from release import spelling
from release.arch import Arch
from release.artifact import Kind
from release.config import Channel, Config, Package
from release.config.models import FormatName
from release.formats.registry import FORMATS
from release.version import ComponentVersion


@dataclass(frozen=True, kw_only=True)
class PlannedBuild:
    """One run of a build command."""

    build: str
    component: str
    arch: Arch
    command: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PlannedPackage:
    """One package file; `name` is its entry under `packages`, `build` and `arch` name its staged tree.

    With `debug` it holds the debug information of that package instead of the package.
    """

    file_name: str
    kind: FormatName
    name: str
    component: str
    build: str
    arch: Arch
    debug: bool = False


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
    takes: tuple[Kind, ...]


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
            "versions": {name: _version_data(version) for name, version in self.versions.items()},
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
    no_engine: str = "",
) -> Plan:
    """Plan the release of `versions` to a channel of `config`, or as a snapshot.

    `no_engine` says why images cannot be built from a Dockerfile here; empty where they can.
    """
    return Plan(
        project=config.project.name,
        channel=channel,
        versions=versions,
        builds=tuple(
            PlannedBuild(build=name, component=build.component, arch=arch, command=build.command)
            for name, build in config.builds.items()
            for arch in build.architectures
        ),
        packages=tuple(_packages(config, versions)),
        images=tuple(_images(config, versions, no_engine)),
        destinations=_destinations(config.channels[channel] if channel else SNAPSHOT),
    )


SNAPSHOT = Channel(store="site")
"""Where a snapshot is published: a store inside the output directory."""


def _packages(config: Config, versions: Mapping[str, ComponentVersion]) -> Iterator[PlannedPackage]:
    for name, package in config.packages.items():
        version = spelling.file_name(versions[package.component].version)
        for arch in package.architectures or config.builds[package.build].architectures:
            for kind, debug in _made(package):
                yield PlannedPackage(
                    file_name=_file_name(name, package, version, arch, kind, debug=debug),
                    kind=kind,
                    name=name,
                    component=package.component,
                    build=package.build,
                    arch=arch,
                    debug=debug,
                )


def _made(package: Package) -> Iterator[tuple[FormatName, bool]]:
    """Each format, and whether it is the debug package."""
    yield from ((kind, False) for kind in package.formats)
    if package.debug:
        yield from ((kind, True) for kind in package.formats if kind != "tarball")


def _file_name(
    name: str, package: Package, version: str, arch: Arch, kind: FormatName, *, debug: bool
) -> str:
    suffix = FORMATS[kind].SUFFIX
    if debug:
        return f"{debug_name(name, kind)}-{version}-{arch}{suffix}"
    if package.static and kind == "tarball":
        return f"{name.removesuffix('-static')}-{version}-static-{arch}{suffix}"
    return f"{name}-{version}-{arch}{suffix}"


def debug_name(name: str, kind: FormatName) -> str:
    """What the debug package of `name` is called, after the custom of each format."""
    return f"{name}-dbg" if kind == "deb" else f"{name}-debuginfo"


def _images(
    config: Config, versions: Mapping[str, ComponentVersion], no_engine: str
) -> Iterator[PlannedImage]:
    for name, image in config.images.items():
        version = spelling.file_name(versions[image.component].version)
        archs = image.architectures or config.builds[image.build].architectures
        yield PlannedImage(
            name=name,
            component=image.component,
            build=image.build,
            archives={arch: f"{name}-{version}-{arch}.oci.tar" for arch in archs},
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


def _version_data(version: ComponentVersion) -> dict[str, Any]:
    return {
        "version": str(version.version),
        "tag": version.tag,
        "commit": version.commit.sha,
        "date": version.commit.date,
        "reasons": list(version.reasons),
    }
