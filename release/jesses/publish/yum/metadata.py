"""What a YUM repository says of one package: its elements in primary, filelists and other.

The elements are those of createrepo_c 0.17 to 1.2, down to their order and blanks. They are made from the
package's own headers, so that packages of any origin can be indexed.
"""

import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from xml.sax.saxutils import escape, quoteattr

from jesses.package.formats import rpm_header
from jesses.package.formats.rpm_file import RpmFile
from jesses.package.formats.rpm_header import Header
from jesses.package.formats.rpm_tags import FileFlag, Sense, SigTag, Tag

ListKind = Literal["primary", "filelists", "other"]
KINDS: Final[tuple[ListKind, ...]] = ("primary", "filelists", "other")

CHANGELOGS: Final = 10
"""So many of the newest changelog entries are listed, as createrepo_c does."""

_FLAGS: Final[Mapping[int, str]] = {
    Sense.LESS: "LT",
    Sense.GREATER: "GT",
    Sense.EQUAL: "EQ",
    Sense.LESS | Sense.EQUAL: "LE",
    Sense.GREATER | Sense.EQUAL: "GE",
}
_COMPARE: Final = Sense.LESS | Sense.GREATER | Sense.EQUAL
_BEFORE: Final = Sense.PREREQ | Sense.SCRIPT_PRE | Sense.SCRIPT_POST
_RELATIONS: Final = (
    ("provides", Tag.PROVIDENAME, Tag.PROVIDEFLAGS, Tag.PROVIDEVERSION),
    ("requires", Tag.REQUIRENAME, Tag.REQUIREFLAGS, Tag.REQUIREVERSION),
    ("conflicts", Tag.CONFLICTNAME, Tag.CONFLICTFLAGS, Tag.CONFLICTVERSION),
    ("obsoletes", Tag.OBSOLETENAME, Tag.OBSOLETEFLAGS, Tag.OBSOLETEVERSION),
    ("suggests", Tag.SUGGESTNAME, Tag.SUGGESTFLAGS, Tag.SUGGESTVERSION),
    ("enhances", Tag.ENHANCENAME, Tag.ENHANCEFLAGS, Tag.ENHANCEVERSION),
    ("recommends", Tag.RECOMMENDNAME, Tag.RECOMMENDFLAGS, Tag.RECOMMENDVERSION),
    ("supplements", Tag.SUPPLEMENTNAME, Tag.SUPPLEMENTFLAGS, Tag.SUPPLEMENTVERSION),
)


@dataclass(frozen=True, kw_only=True)
class Nevra:
    """What names a package in a repository; `epoch` is "0" where it has none."""

    name: str
    epoch: str
    version: str
    release: str
    arch: str

    def __str__(self) -> str:
        epoch = "" if self.epoch == "0" else f"{self.epoch}:"
        return f"{self.name}-{epoch}{self.version}-{self.release}.{self.arch}"


@dataclass(frozen=True, kw_only=True)
class IndexedPackage:
    """A package as the repository lists it; `elements` are UTF-8 XML."""

    nevra: Nevra
    sha256: str
    elements: Mapping[ListKind, bytes]


def describe(rpm: RpmFile, *, sha256: str, size: int, location: str) -> IndexedPackage:
    """The elements of a package of `size` bytes, which clients find at `location` below the repository."""
    nevra = _nevra(rpm.header)
    texts = {
        "primary": _primary(rpm, nevra, sha256=sha256, size=size, location=location),
        "filelists": _listing(nevra, sha256, (_file(path, kind) for path, kind in _paths(rpm.header))),
        "other": _listing(nevra, sha256, _changelogs(rpm.header)),
    }
    return IndexedPackage(nevra=nevra, sha256=sha256, elements={kind: texts[kind].encode() for kind in KINDS})


def _nevra(header: Header) -> Nevra:
    return Nevra(
        name=header.text(Tag.NAME),
        epoch=str(header.number(Tag.EPOCH) or 0),
        version=header.text(Tag.VERSION),
        release=header.text(Tag.RELEASE),
        arch=header.text(Tag.ARCH) if header.find(Tag.SOURCERPM) else "src",
    )


def _primary(rpm: RpmFile, nevra: Nevra, *, sha256: str, size: int, location: str) -> str:
    header, built = rpm.header, rpm.header.number(Tag.BUILDTIME) or 0
    installed = header.number(Tag.LONGSIZE) or header.number(Tag.SIZE) or 0
    archive = rpm.signature.number(SigTag.LONGARCHIVESIZE) or rpm.signature.number(SigTag.PAYLOADSIZE) or 0
    lines = (
        '<package type="rpm">',
        f"  {_element('name', nevra.name)}",
        f"  {_element('arch', nevra.arch)}",
        f"  {_version(nevra)}",
        f"  {_element('checksum', sha256, type='sha256', pkgid='YES')}",
        f"  {_element('summary', header.text(Tag.SUMMARY))}",
        f"  {_element('description', header.text(Tag.DESCRIPTION))}",
        f"  {_element('packager', header.text(Tag.PACKAGER))}",
        f"  {_element('url', header.text(Tag.URL))}",
        # createrepo_c writes the file's own time, which a store has not.
        f"  {_element('time', file=built, build=built)}",
        f"  {_element('size', package=size, installed=installed, archive=archive)}",
        f"  {_element('location', href=location)}",
        "  <format>",
        *(f"    {line}" for line in _format(rpm)),
        "  </format>",
        "</package>\n",
    )
    return "\n".join(lines)


def _format(rpm: RpmFile) -> Iterator[str]:
    header = rpm.header
    yield _element("rpm:license", header.text(Tag.LICENSE))
    yield _element("rpm:vendor", header.text(Tag.VENDOR))
    yield _element("rpm:group", header.text(Tag.GROUP))
    yield _element("rpm:buildhost", header.text(Tag.BUILDHOST))
    yield _element("rpm:sourcerpm", header.text(Tag.SOURCERPM))
    yield _element("rpm:header-range", start=rpm.header_start, end=rpm.header_end)
    for what, *tags in _RELATIONS:
        entries = list(dict.fromkeys(_relations(header, *tags)))
        if entries:
            yield f"<rpm:{what}>"
            yield from (f"  {entry}" for entry in entries)
            yield f"</rpm:{what}>"
    for path, kind in _paths(header):
        if path.startswith("/etc/") or "bin/" in path or path == "/usr/lib/sendmail":
            yield _file(path, kind)


def _relations(header: Header, names: Tag, flags: Tag, versions: Tag) -> Iterator[str]:
    itself = set(_triples(header, Tag.PROVIDENAME, Tag.PROVIDEFLAGS, Tag.PROVIDEVERSION))
    for name, flag, version in _triples(header, names, flags, versions):
        if names is Tag.REQUIRENAME and (name.startswith("rpmlib(") or (name, flag, version) in itself):
            continue
        comparison = _FLAGS.get(flag & _COMPARE)
        attributes = {"flags": comparison, **_evr(version)} if comparison and version else {}
        before = {"pre": "1"} if names is Tag.REQUIRENAME and flag & _BEFORE else {}
        yield _element("rpm:entry", name=name, **attributes, **before)


def _triples(header: Header, names: Tag, flags: Tag, versions: Tag) -> Iterator[tuple[str, int, str]]:
    return zip(header.texts(names), header.numbers(flags), header.texts(versions), strict=False)


def _evr(text: str) -> dict[str, str]:
    epoch, _, rest = text.rpartition(":")
    version, _, release = rest.partition("-")
    return {"epoch": epoch or "0", "ver": version, **({"rel": release} if release else {})}


def _paths(header: Header) -> Iterator[tuple[str, str]]:
    """Every path with its kind: "dir", "ghost" or "" for any other file."""
    directories = header.texts(Tag.DIRNAMES)
    indexes, names = header.numbers(Tag.DIRINDEXES), header.texts(Tag.BASENAMES)
    modes, marks = header.numbers(Tag.FILEMODES), header.numbers(Tag.FILEFLAGS)
    if not len(indexes) == len(names) == len(modes) == len(marks):
        raise rpm_header.damaged("its lists of files are of different lengths")
    if any(index >= len(directories) for index in indexes):
        raise rpm_header.damaged("a file is in a directory that is not listed")
    for index, name, mode, flags in zip(indexes, names, modes, marks, strict=True):
        kind = "dir" if stat.S_ISDIR(mode) else "ghost" if flags & FileFlag.GHOST else ""
        yield directories[index] + name, kind


def _changelogs(header: Header) -> Iterator[str]:
    entries = zip(
        header.texts(Tag.CHANGELOGNAME),
        header.numbers(Tag.CHANGELOGTIME),
        header.texts(Tag.CHANGELOGTEXT),
        strict=False,
    )
    for author, date, text in reversed(list(entries)[:CHANGELOGS]):
        yield _element("changelog", text, author=author, date=date)


def _listing(nevra: Nevra, sha256: str, lines: Iterable[str]) -> str:
    start = f"<package pkgid={_quoted(sha256)} name={_quoted(nevra.name)} arch={_quoted(nevra.arch)}>"
    body = "".join(f"  {line}\n" for line in (_version(nevra), *lines))
    return f"{start}\n{body}</package>\n"


def _version(nevra: Nevra) -> str:
    return _element("version", epoch=nevra.epoch, ver=nevra.version, rel=nevra.release)


def _file(path: str, kind: str) -> str:
    return _element("file", path, **({"type": kind} if kind else {}))


def _element(tag: str, text: str | None = None, **attributes: str | int) -> str:
    start = tag + "".join(f" {name}={_quoted(str(value))}" for name, value in attributes.items())
    return f"<{start}/>" if text is None else f"<{start}>{escape(_allowed(text))}</{tag}>"


def _quoted(value: str) -> str:
    return quoteattr(_allowed(value))


def _allowed(text: str) -> str:
    """`text` without the control characters that XML 1.0 forbids (section 2.2)."""
    return "".join(char for char in text if char >= " " or char in "\t\n\r")
