"""The main header of an RPM package: everything that `rpm -qp` tells (the manual "RPM Tags")."""

import stat
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from jesses.base.artifact import Compression
from jesses.base.naming import spelling
from jesses.base.naming.arch import RPM
from jesses.base.package import Package, Trigger
from jesses.base.payload import Directory, Entry, File, Ghost, Symlink
from jesses.package.compression import Packed
from jesses.package.formats import rpm_relations
from jesses.package.formats.rpm_header import Header, HeaderEntry, i18n, int16, int32, int64, text, texts
from jesses.package.formats.rpm_relations import RpmRelation
from jesses.package.formats.rpm_tags import FileFlag, HashAlgorithm, Sense, Tag

RELEASE: Final = "1"
"""The Release tag of every package: whatever changes is a new version, never a new release."""

SCRIPT_TAGS: Final[Mapping[str, tuple[Tag, Tag, Sense]]] = {
    "pretrans": (Tag.PRETRANS, Tag.PRETRANSPROG, Sense.PRETRANS),
    "pre": (Tag.PREIN, Tag.PREINPROG, Sense.SCRIPT_PRE),
    "post": (Tag.POSTIN, Tag.POSTINPROG, Sense.SCRIPT_POST),
    "preun": (Tag.PREUN, Tag.PREUNPROG, Sense.SCRIPT_PREUN),
    "postun": (Tag.POSTUN, Tag.POSTUNPROG, Sense.SCRIPT_POSTUN),
    "posttrans": (Tag.POSTTRANS, Tag.POSTTRANSPROG, Sense.POSTTRANS),
}
"""Of each script of an RPM: its tag, that of its interpreter, and how requiring the interpreter is marked."""

SHELL: Final = "/bin/sh"

_TRIGGERED_BY: Final = (Sense.TRIGGERIN, Sense.TRIGGERPOSTUN)

# rpmbuild writes the machine's name here.
_BUILD_HOST: Final = "localhost"
# Nothing reads groups any more, but rpmlint calls rpmbuild's own default, "Unspecified", an error.
_GROUP: Final = "Applications/System"
_KINDS: Final[Mapping[type[Entry], int]] = {
    File: stat.S_IFREG,
    Directory: stat.S_IFDIR,
    Symlink: stat.S_IFLNK,
    Ghost: stat.S_IFREG,
}
_VERIFY_EVERYTHING: Final = 0xFFFFFFFF
# Not digest, size, link and time: rpmbuild writes this for %ghost.
_VERIFY_GHOST: Final = 0xFFFFFFD8
# What rpmbuild gives a trigger that names none.
_PRIORITY: Final = 1_000_000
_ONE_DEVICE: Final = 1
_MOST_32: Final = 0xFFFFFFFF
_DAY: Final = 86_400
_WIDTH: Final = 79


class Item(NamedTuple):
    """An entry of the payload: its file type (`stat.S_IFMT`), bytes, where a link leads, a file's content."""

    entry: Entry
    kind: int
    size: int
    target: str = ""
    content: Packed | None = None

    @classmethod
    def of(cls, entry: Entry, content: Packed | None = None) -> "Item":
        target = entry.target if isinstance(entry, Symlink) else ""
        size = content.size if content else len(target.encode())
        return cls(entry, _KINDS[type(entry)], size, target, content)

    @property
    def digest(self) -> str:
        return self.content.sha256 if self.content else ""

    @property
    def verified(self) -> int:
        """What `rpm --verify` compares."""
        return _VERIFY_GHOST if isinstance(self.entry, Ghost) else _VERIFY_EVERYTHING

    @property
    def flags(self) -> FileFlag:
        if isinstance(self.entry, Ghost):
            return FileFlag.GHOST
        if not isinstance(self.entry, File) or not (
            self.entry.config or self.entry.doc or self.entry.license
        ):
            return FileFlag.NONE
        marks = {
            FileFlag.CONFIG | FileFlag.NOREPLACE: self.entry.config,
            FileFlag.DOC: self.entry.doc,
            FileFlag.LICENSE: self.entry.license,
        }
        return FileFlag(sum(flag for flag, marked in marks.items() if marked))


def evr(package: Package) -> str:
    """Version and release, as relations spell them."""
    return f"{spelling.rpm(package.version)}-{RELEASE}"


def header(package: Package, items: Sequence[Item], *, payload_sha256: str) -> Header:
    """The main header; the digest is that of the compressed payload."""
    return Header.of(
        (
            *_about(package),
            *_files(items, package.date),
            *_relations(package, items),
            *_scripts(package.scripts),
            *_triggers(package.triggers),
            *_changelog(package),
            *_payload(package.compression, payload_sha256),
            _size(items),
        )
    )


def has_large_files(items: Sequence[Item]) -> bool:
    """Whether a file is larger than 32 bits can say."""
    return any(item.size > _MOST_32 for item in items)


def _size(items: Sequence[Item]) -> HeaderEntry:
    total = sum(item.size for item in items)
    return int64(Tag.LONGSIZE, total) if total > _MOST_32 else int32(Tag.SIZE, total)


def _about(package: Package) -> Iterator[HeaderEntry]:
    name, version = package.name, spelling.rpm(package.version)
    yield texts(Tag.HEADERI18NTABLE, ["C"])
    yield text(Tag.NAME, name)
    yield text(Tag.VERSION, version)
    yield text(Tag.RELEASE, RELEASE)
    yield i18n(Tag.SUMMARY, package.summary)
    yield i18n(Tag.DESCRIPTION, _filled(package.description))
    yield i18n(Tag.GROUP, _GROUP)
    yield int32(Tag.BUILDTIME, package.date)
    yield text(Tag.BUILDHOST, _BUILD_HOST)
    yield text(Tag.LICENSE, package.license)
    yield text(Tag.PACKAGER, package.maintainer)
    yield text(Tag.OS, "linux")
    yield text(Tag.ARCH, RPM[package.arch])
    # A package without a source package would itself be taken for one.
    yield text(Tag.SOURCERPM, f"{name}-{version}-{RELEASE}.src.rpm")
    yield text(Tag.ENCODING, "utf-8")
    if package.vendor:
        yield text(Tag.VENDOR, package.vendor)
    if package.homepage:
        yield text(Tag.URL, package.homepage)


def _filled(text: str) -> str:
    """Paragraphs filled to what rpm shows on a line; lines that start with a blank stay as they are."""
    lines: list[str] = []
    for plain, group in groupby(text.strip().splitlines(), key=lambda line: line[:1].strip() != ""):
        if plain:
            lines += textwrap.wrap(" ".join(group), _WIDTH, break_long_words=False, break_on_hyphens=False)
        else:
            lines += group
    return "\n".join(lines)


def _files(items: Sequence[Item], date: int) -> Iterator[HeaderEntry]:
    if not items:
        return
    index: dict[str, int] = {}
    places = [index.setdefault(_directory(item), len(index)) for item in items]
    count = len(items)
    yield texts(Tag.DIRNAMES, list(index))
    yield int32(Tag.DIRINDEXES, *places)
    yield texts(Tag.BASENAMES, (item.entry.path.rpartition("/")[2] for item in items))
    sizes = [item.size for item in items]
    yield int64(Tag.LONGFILESIZES, *sizes) if has_large_files(items) else int32(Tag.FILESIZES, *sizes)
    yield int16(Tag.FILEMODES, *(item.kind | item.entry.mode for item in items))
    yield int32(Tag.FILEMTIMES, *(date for _ in items))
    yield texts(Tag.FILEDIGESTS, (item.digest for item in items))
    yield int32(Tag.FILEDIGESTALGO, HashAlgorithm.SHA256)
    yield texts(Tag.FILELINKTOS, (item.target for item in items))
    yield int32(Tag.FILEFLAGS, *(item.flags for item in items))
    yield texts(Tag.FILEUSERNAME, (item.entry.owner for item in items))
    yield texts(Tag.FILEGROUPNAME, (item.entry.group for item in items))
    yield int32(Tag.FILEVERIFYFLAGS, *(item.verified for item in items))
    yield int16(Tag.FILERDEVS, *(count * (0,)))
    yield int32(Tag.FILEDEVICES, *(count * (_ONE_DEVICE,)))
    yield int32(Tag.FILEINODES, *range(1, count + 1))
    yield texts(Tag.FILELANGS, count * ("",))


def _directory(item: Item) -> str:
    """Where an entry lies, with the slash at its end."""
    return item.entry.path[: item.entry.path.rindex("/") + 1]


def _relations(package: Package, items: Sequence[Item]) -> Iterator[HeaderEntry]:
    name, own_evr = package.name, evr(package)
    has_config = any(isinstance(item.entry, File) and item.entry.config for item in items)
    relations = {
        rpm_relations.REQUIRES: package.relations.depends,
        rpm_relations.PROVIDES: package.relations.provides,
        rpm_relations.CONFLICTS: package.relations.conflicts + package.relations.breaks,
        rpm_relations.OBSOLETES: package.relations.replaces,
        rpm_relations.RECOMMENDS: package.relations.recommends,
        rpm_relations.SUGGESTS: package.relations.suggests,
    }
    asked = {tags: [r for r in map(rpm_relations.parse, written) if r] for tags, written in relations.items()}
    asked[rpm_relations.PROVIDES] += rpm_relations.provided(
        name, own_evr, package.arch, has_config=has_config
    )
    if has_config:
        asked[rpm_relations.REQUIRES].append(rpm_relations.of_configuration(name, own_evr))
    asked[rpm_relations.REQUIRES] += [
        RpmRelation(name=SHELL, sense=Sense.INTERP | SCRIPT_TAGS[script][2]) for script in package.scripts
    ]
    if package.triggers:
        asked[rpm_relations.REQUIRES].append(RpmRelation(name=SHELL, sense=Sense.INTERP))
    used = (relation.evr for group in asked.values() for relation in group)
    asked[rpm_relations.REQUIRES] += rpm_relations.of_rpm_itself([own_evr, *used], package.compression)
    if has_large_files(items):
        asked[rpm_relations.REQUIRES].append(rpm_relations.of_large_files())
    for tags, group in asked.items():
        yield from rpm_relations.entries(group, tags)


def _scripts(scripts: Mapping[str, str]) -> Iterator[HeaderEntry]:
    for name, body in scripts.items():
        script, interpreter, _ = SCRIPT_TAGS[name]
        yield text(script, body)
        yield text(interpreter, SHELL)


def _triggers(triggers: Sequence[Trigger]) -> Iterator[HeaderEntry]:
    """`%transfiletriggerin` and `%transfiletriggerpostun`: once a transaction, after others install or remove."""
    if not triggers:
        return
    scripts = [trigger.script for trigger in triggers for _ in _TRIGGERED_BY]
    yield texts(Tag.TRANSFILETRIGGERSCRIPTS, scripts)
    yield texts(Tag.TRANSFILETRIGGERSCRIPTPROG, [SHELL for _ in scripts])
    yield texts(Tag.TRANSFILETRIGGERNAME, [trigger.path for trigger in triggers for _ in _TRIGGERED_BY])
    yield int32(Tag.TRANSFILETRIGGERINDEX, *range(len(scripts)))
    yield texts(Tag.TRANSFILETRIGGERVERSION, ["" for _ in scripts])
    yield int32(Tag.TRANSFILETRIGGERFLAGS, *(sense for _ in triggers for sense in _TRIGGERED_BY))
    yield int32(Tag.TRANSFILETRIGGERPRIORITIES, *(_PRIORITY for _ in scripts))


def _changelog(package: Package) -> Iterator[HeaderEntry]:
    # Noon, as in rpmbuild, so that it is the same day in most time zones.
    noon = package.date - package.date % _DAY + _DAY // 2
    yield int32(Tag.CHANGELOGTIME, noon)
    yield texts(Tag.CHANGELOGNAME, [f"{package.maintainer} - {evr(package)}"])
    yield texts(Tag.CHANGELOGTEXT, [f"- Release {package.version}"])


def _payload(compression: Compression, sha256: str) -> Iterator[HeaderEntry]:
    yield text(Tag.PAYLOADFORMAT, "cpio")
    yield text(Tag.PAYLOADCOMPRESSOR, compression)
    yield texts(Tag.PAYLOADDIGEST, [sha256])
    yield int32(Tag.PAYLOADDIGESTALGO, HashAlgorithm.SHA256)
