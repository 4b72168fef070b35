"""Versions that a repository lists and no record speaks of: other tools published them, or an older jesses.

What the indexes say is enough to withdraw them: the name of a package tells its component, the spelling of its
version the version. What is not spelled as ours is nobody's version, and is left alone.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from semver import Version

from jesses.base.artifact import Artifact, ArtifactKind
from jesses.base.errors import FormatError, VersionError
from jesses.base.naming import spelling
from jesses.base.naming.arch import DEBIAN, Arch
from jesses.channel.operations.opened import ChannelVersion, OpenedChannel, keys_of
from jesses.channel.records import Listing, Released, united
from jesses.config import Config
from jesses.package.formats import deb_reader, rpm_file
from jesses.package.formats.rpm_tags import Tag
from jesses.package.formats.sbom import SUFFIX as SBOM_SUFFIX
from jesses.plan.plan import debug_name
from jesses.publish.apt.index import Stanza
from jesses.publish.shared.adopt import unsigned_sha256

# What other tools add to the version that they package (Debian Policy 5.6.12).
_REVISION: Final = re.compile(r"-[A-Za-z0-9.+~]+$")
_ARCH_AND_FORM: Final = (
    rf"(?:-static)?-({'|'.join(DEBIAN)})\.(?:tar\.\w+|deb|rpm)(?:{re.escape(SBOM_SUFFIX)})?"
)


@dataclass(frozen=True, kw_only=True)
class _Package:
    component: str
    version: Version
    key: str
    sha256: str


def components_of(config: Config) -> dict[str, str]:
    """The component of each package, by the names it has in repositories and those of files."""
    derived = {
        found: package.component
        for name, package in config.packages.items()
        for found in (name.removesuffix("-static"), debug_name(name, "deb"), debug_name(name, "rpm"))
    }
    return derived | {name: package.component for name, package in config.packages.items()}


def note_all(channel: OpenedChannel, components: Mapping[str, str]) -> None:
    """Write a record of each version that the channel has without one; `components` as `components_of` gives them.

    It says what the indexes say, and nothing of digests before signing: no release takes a package from there.

    Raises:
        RepositoryError: a repository is damaged, or another key signed it.
        StoreError: the store failed.

    """
    _note(channel, components, channel.versions(), None)


def note(
    channel: OpenedChannel, components: Mapping[str, str], version: Version, component: str | None
) -> None:
    """The same for one version, where the channel has no record of it, of any component or of this one."""
    known = channel.versions(version)
    if not [each for each in known if component in {None, each.component}]:
        _note(channel, components, known, version)


def _note(
    channel: OpenedChannel,
    components: Mapping[str, str],
    known: Iterable[ChannelVersion],
    version: Version | None,
) -> None:
    recorded = keys_of(each.listing for each in known)
    found: dict[tuple[str, Version], list[_Package]] = defaultdict(list)
    listed = (*_in_apt(channel, components), *_in_yum(channel, components), *_in_files(channel, components))
    for package in listed:
        if version in {None, package.version} and package.key not in recorded:
            found[package.component, package.version].append(package)
    modified = _modified(channel) if found else {}
    for (component, number), packages in found.items():
        listing = Listing(
            published=int(min(modified.get(package.key, channel.clock()) for package in packages)),
            objects={
                posixpath.basename(package.key): {"key": package.key, "sha256": package.sha256}
                for package in packages
            },
        )
        _write(channel, component, number, listing)


def _write(channel: OpenedChannel, component: str, version: Version, listing: Listing) -> None:
    channel.record(component, version).change(
        lambda content: replace(
            content,
            channels={**content.channels, channel.name: united(listing, content.channels.get(channel.name))},
        )
    )


def _in_apt(channel: OpenedChannel, components: Mapping[str, str]) -> Iterator[_Package]:
    for index in channel.apt().read().indexes.values():
        for stanza in index.stanzas():
            version = _version(stanza.version) if stanza.package in components else None
            if version:
                yield _Package(
                    component=components[stanza.package],
                    version=version,
                    key=channel.apt_objects.key(posixpath.normpath(stanza.filename)),
                    sha256=stanza.sha256,
                )


def _in_yum(channel: OpenedChannel, components: Mapping[str, str]) -> Iterator[_Package]:
    lists = channel.yum().read().lists
    for name, component in components.items():
        for listed in lists.named(name):
            version = _version(listed.nevra.version)
            path = posixpath.normpath(posixpath.join("snap/any", listed.href))
            if version and not path.startswith("../"):
                yield _Package(
                    component=component,
                    version=version,
                    key=channel.yum_objects.key(path),
                    sha256=listed.sha256,
                )


def _in_files(channel: OpenedChannel, components: Mapping[str, str]) -> Iterator[_Package]:
    names = "|".join(map(re.escape, sorted(components, key=len, reverse=True)))
    pattern = re.compile(rf"({names})-(.+?){_ARCH_AND_FORM}")
    for name, sha256 in channel.sums().read().items():
        found = pattern.fullmatch(name)
        try:
            version = spelling.from_file_name(found[2]) if found else None
        except VersionError:
            continue
        if found and version:
            yield _Package(
                component=components[found[1]],
                version=version,
                key=channel.files.key(name),
                sha256=sha256,
            )


def _version(text: str) -> Version | None:
    for spelled in (text, _REVISION.sub("", text)):
        try:
            return spelling.from_deb(spelled)
        except VersionError:
            continue
    return None


def _modified(channel: OpenedChannel) -> dict[str, float]:
    prefixes = (channel.settings.apt, channel.settings.yum, channel.settings.files)
    return {found.key: found.modified for prefix in prefixes for found in channel.store.list(f"{prefix}/")}


# Promoting


def fetch(version: ChannelVersion, name: str, target: Path) -> Artifact:
    """Copy a file to `target`, of which no record says more than where it is; it says the rest itself.

    Raises:
        FormatError: it is a package for a machine that we do not release for.
        StoreError: it is gone, or another one.

    """
    there = version.listing.objects[name]
    row = Released(
        key=there["key"],
        kind=kind_of(name),
        name="",
        arch="noarch",
        size=0,
        sha256=there["sha256"],
        signed_sha256=None,
    )
    artifact = version.record.fetch(row, target)
    own_name, arch = _named(artifact)
    unsigned = unsigned_sha256(target) or artifact.sha256
    return replace(
        artifact,
        name=own_name,
        arch=arch,
        size=target.stat().st_size,
        sha256=unsigned,
        signed_sha256=None if unsigned == artifact.sha256 else artifact.sha256,
    )


def kind_of(name: str) -> ArtifactKind:
    """What a file is, by its name."""
    endings: Mapping[str, ArtifactKind] = {".deb": "deb", ".rpm": "rpm", SBOM_SUFFIX: "sbom"}
    return next((kind for ending, kind in endings.items() if name.endswith(ending)), "tarball")


def _named(artifact: Artifact) -> tuple[str, Arch]:
    """The name and the machine of an artifact."""
    path, spelled = artifact.path, re.escape(spelling.file_name(artifact.version))
    if artifact.kind == "deb":
        stanza = Stanza.parse(deb_reader.control(path).encode())
        name, machine = stanza.package, stanza.architecture
    elif artifact.kind == "rpm":
        with path.open("rb") as stream:
            header = rpm_file.read(stream).header
        name, machine = header.text(Tag.NAME), header.text(Tag.ARCH)
    else:
        found = re.fullmatch(rf"(.+)-{spelled}{_ARCH_AND_FORM}", path.name)
        name, machine = (found[1], found[2]) if found else (path.name, "none")
    for arch, debian in DEBIAN.items():
        if machine in {arch, debian}:
            return name, arch
    raise FormatError(
        f"{path.name} is for the machine {machine}, which is not released for",
        fix="publish it with the tool that made it",
    )
