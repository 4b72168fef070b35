"""Relations of an RPM package: what it requires, provides, recommends, and so on (rpm.org, "Dependencies")."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from jesses.base.artifact import Compression
from jesses.package.formats import rpm_header
from jesses.package.formats.rpm_header import HeaderEntry
from jesses.package.formats.rpm_tags import Sense, Tag

EVR: Final = r"(?:\d+:)?[A-Za-z0-9._+~^]+(?:-[A-Za-z0-9._+~^]+)?"
_RELATION: Final = re.compile(
    rf"(?P<name>[A-Za-z0-9_/][^\s<>=,;|&]*)(?:\s*(?P<operator><=|>=|=|<|>)\s*(?P<evr>{EVR}))?", re.ASCII
)
_SENSES: Final = {
    "": Sense.ANY,
    "<": Sense.LESS,
    "<=": Sense.LESS | Sense.EQUAL,
    "=": Sense.EQUAL,
    ">=": Sense.GREATER | Sense.EQUAL,
    ">": Sense.GREATER,
}
_ISA: Final = {"x86_64": "x86-64", "aarch64": "aarch-64"}

REQUIRES: Final = (Tag.REQUIRENAME, Tag.REQUIREFLAGS, Tag.REQUIREVERSION)
PROVIDES: Final = (Tag.PROVIDENAME, Tag.PROVIDEFLAGS, Tag.PROVIDEVERSION)
CONFLICTS: Final = (Tag.CONFLICTNAME, Tag.CONFLICTFLAGS, Tag.CONFLICTVERSION)
OBSOLETES: Final = (Tag.OBSOLETENAME, Tag.OBSOLETEFLAGS, Tag.OBSOLETEVERSION)
RECOMMENDS: Final = (Tag.RECOMMENDNAME, Tag.RECOMMENDFLAGS, Tag.RECOMMENDVERSION)
SUGGESTS: Final = (Tag.SUGGESTNAME, Tag.SUGGESTFLAGS, Tag.SUGGESTVERSION)


@dataclass(frozen=True, order=True, kw_only=True)
class RpmRelation:
    """A capability by name, with `evr` ([epoch:]version[-release]) where `sense` compares one."""

    name: str
    evr: str = ""
    sense: Sense = Sense.ANY


def parse(text: str) -> RpmRelation | None:
    """The relation that a text like `dkms` or `libfoo >= 1.2` means, or None where it means none."""
    match = _RELATION.fullmatch(text.strip())
    if match is None:
        return None
    return RpmRelation(name=match["name"], evr=match["evr"] or "", sense=_SENSES[match["operator"] or ""])


def provided(name: str, evr: str, arch: str, *, has_config: bool) -> Iterator[RpmRelation]:
    """What every package provides: itself, and itself for its architecture."""
    if has_config:
        yield RpmRelation(name=f"config({name})", evr=evr, sense=Sense.CONFIG | Sense.EQUAL)
    yield RpmRelation(name=name, evr=evr, sense=Sense.EQUAL)
    if arch in _ISA:
        yield RpmRelation(name=f"{name}({_ISA[arch]})", evr=evr, sense=Sense.EQUAL)


def of_configuration(name: str, evr: str) -> RpmRelation:
    """A package with configuration files requires its own (rpmbuild does so for upgrades)."""
    return RpmRelation(name=f"config({name})", evr=evr, sense=Sense.CONFIG | Sense.EQUAL)


def of_rpm_itself(evrs: Iterable[str], compression: Compression) -> Iterator[RpmRelation]:
    """The features that an rpm needs to read this package (`rpmlib(7)` names, rpm's `rpmds.c`)."""
    used = "".join(evrs)
    yield _feature("CompressedFileNames", "3.0.4-1")
    yield _feature("FileDigests", "4.6.0-1")
    yield _feature("PayloadFilesHavePrefix", "4.0-1")
    if "~" in used:
        yield _feature("TildeInVersions", "4.10.0-1")
    if "^" in used:
        yield _feature("CaretInVersions", "4.15.0-1")
    if compression == "xz":
        yield _feature("PayloadIsXz", "5.2-1")
    if compression == "zstd":
        yield _feature("PayloadIsZstd", "5.4.18-1")


def of_large_files() -> RpmRelation:
    """What an rpm needs to read the archive of a package with a file of 4 GiB or more."""
    return _feature("LargeFiles", "4.12.0-1")


def entries(relations: Iterable[RpmRelation], tags: tuple[Tag, Tag, Tag]) -> Iterator[HeaderEntry]:
    """The three parallel arrays for `relations`, or nothing for none; `tags` are name, flags, version."""
    ordered = sorted(set(relations))
    if ordered:
        yield rpm_header.texts(tags[0], [relation.name for relation in ordered])
        yield rpm_header.int32(tags[1], *(relation.sense for relation in ordered))
        yield rpm_header.texts(tags[2], [relation.evr for relation in ordered])


def _feature(name: str, since: str) -> RpmRelation:
    return RpmRelation(name=f"rpmlib({name})", evr=since, sense=Sense.RPMLIB | Sense.LESS | Sense.EQUAL)
