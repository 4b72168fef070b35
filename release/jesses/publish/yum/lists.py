"""The lists of a YUM repository: primary, filelists and other, and what is added and taken out.

Lists are changed as text: the elements of packages that are there stay byte for byte, whoever wrote them. Only
what a change is about is looked for, since a list may have tens of thousands of packages.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from jesses.base.errors import ConflictError, RepositoryError
from jesses.package.compression import incremental
from jesses.package.compression.incremental import Made, Text
from jesses.publish.yum.metadata import KINDS, IndexedPackage, ListKind, Nevra

UP: Final = "../../"
"""From a snapshot to the root of the repository."""

_COMMON: Final = "{http://linux.duke.edu/metadata/common}"
_ROOTS: Final[Mapping[ListKind, str]] = {
    "primary": "metadata",
    "filelists": "filelists",
    "other": "otherdata",
}
_NAMESPACES: Final[Mapping[ListKind, str]] = {
    "primary": 'xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm"',
    "filelists": 'xmlns="http://linux.duke.edu/metadata/filelists"',
    "other": 'xmlns="http://linux.duke.edu/metadata/other"',
}
DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'

_COUNT: Final = re.compile(rb'(?<=\spackages=["\'])\d+')
_START: Final = b"<package"
_END: Final = b"</package>"
_WRAPPER: Final = f"<metadata {_NAMESPACES['primary']}>%s</metadata>".encode()
# The location of a file below the repository; one with a base of its own, or an address, is elsewhere.
_LOCATION: Final = re.compile(rb"<location\b(?![^>]*\bxml:base=)[^>]*?\bhref=[\"'](?!\w+:)")


@dataclass(frozen=True, kw_only=True)
class ListedPackage:
    """A package as `primary` names it; `href` is its location."""

    nevra: Nevra
    sha256: str
    href: str


@dataclass(frozen=True, kw_only=True)
class Lists:
    """The three lists as plain XML, and the files that were made of them, as far as they are at hand."""

    documents: Mapping[ListKind, bytes]
    packed: Mapping[ListKind, bytes] = field(default_factory=dict, compare=False)

    @property
    def is_packed(self) -> bool:
        """Whether every list is at hand as it is to be stored."""
        return all(self.packed.get(kind, b"").startswith(incremental.GZIP) for kind in self.documents)

    def add(self, packages: Iterable[IndexedPackage]) -> "Lists":
        """These lists with `packages` at their ends, but for those that are listed already.

        Raises:
            ConflictError: another file is listed as one of them.

        """
        added = self.missing(packages)
        if not added:
            return self
        return self.with_documents(
            {
                kind: _spliced(document, kind, [package.elements[kind] for package in added])
                for kind, document in self.documents.items()
            }
        )

    def remove(self, digests: Collection[str]) -> "Lists":
        """These lists without the packages that have these digests."""
        if not any(digest.encode() in self.documents["primary"] for digest in digests):
            return self
        return self.with_documents(
            {kind: _without(document, digests) for kind, document in self.documents.items()}
        )

    def with_documents(self, documents: Mapping[ListKind, bytes]) -> "Lists":
        """Other lists, packed with gzip, which every client since EL6 reads; what did not change is kept."""
        packed = {
            kind: incremental.gzip(_text(document), self._made(kind)) for kind, document in documents.items()
        }
        return Lists(documents=documents, packed=packed)

    def _made(self, kind: ListKind) -> Made | None:
        packed = self.packed.get(kind)
        return None if packed is None else Made(text=_text(self.documents[kind]), packed=packed)

    def missing(self, packages: Iterable[IndexedPackage]) -> tuple[IndexedPackage, ...]:
        """Those of `packages` that are not listed yet.

        Raises:
            ConflictError: another file is listed as one of them.

        """
        return tuple(package for package in packages if not self._lists(package))

    def find(self, nevra: Nevra) -> tuple[ListedPackage, ...]:
        """Every file that is listed as `nevra`."""
        primary = self.documents["primary"]
        names = (f"<name>{escape(nevra.name)}</name>".encode(), f"ver={quoteattr(nevra.version)}".encode())
        # Releases share a name, or a version: the rarer of the two leads to fewer elements.
        rare, other = sorted(names, key=primary.count)
        spans = {span for span in _spans(primary, rare) if primary.find(other, *span) >= 0}
        found = (_identity(primary[start:end]) for start, end in sorted(spans))
        return tuple(listed for listed in found if listed.nevra == nevra)

    def named(self, name: str) -> Iterator[ListedPackage]:
        """Every version of the package `name`, for any machine."""
        primary = self.documents["primary"]
        spans = sorted(set(_spans(primary, f"<name>{escape(name)}</name>".encode())))
        return (_identity(primary[start:end]) for start, end in spans)

    def _lists(self, package: IndexedPackage) -> bool:
        found = self.find(package.nevra)
        # A digest of another kind (createrepo_c --checksum) cannot be compared here; `check` compares the files.
        others = {listed.sha256 for listed in found if len(listed.sha256) == len(package.sha256)}
        if others - {package.sha256}:
            raise ConflictError(
                f"the YUM repository already lists another file as {package.nevra}",
                fix="a published version never changes: release a new one",
            )
        return bool(found)

    def counts(self) -> set[int]:
        """How many packages the lists name: one number, where they agree."""
        return {int(_counted(document)[0]) for document in self.documents.values()}


EMPTY: Final = Lists(
    documents={
        kind: f'{DECLARATION}<{_ROOTS[kind]} {_NAMESPACES[kind]} packages="0">\n</{_ROOTS[kind]}>\n'.encode()
        for kind in KINDS
    }
)


def seen_from_snapshot(primary: bytes) -> bytes:
    """A list whose locations are below the root of the repository, for a snapshot."""
    return _LOCATION.sub(lambda match: match[0] + UP.encode(), primary)


def seen_from_root(primary: bytes) -> bytes:
    """A list of a snapshot, for the root of the repository."""
    return re.sub(_LOCATION.pattern + re.escape(UP.encode()), lambda match: match[0][: -len(UP)], primary)


def damaged(why: str) -> RepositoryError:
    return RepositoryError(
        f"the YUM repository is damaged: {why}", fix="make its metadata again with createrepo_c"
    )


def parsed(text: bytes, what: str) -> ET.Element:
    try:
        # It is our own store's, and expat refuses entities that multiply (since 2.4.1).
        return ET.fromstring(text)  # noqa: S314
    # Of an encoding that nobody knows, expat's error is one of the last two.
    except (ET.ParseError, LookupError, ValueError) as error:
        raise damaged(f"{what} cannot be read: {error}") from error


def _text(document: bytes) -> Text:
    # The element that says how many packages there are changes each time.
    return Text(data=document, head=document.find(b">", _counted(document).end()) + 1)


def _counted(document: bytes) -> re.Match[bytes]:
    match = _COUNT.search(document)
    if match is None:
        raise damaged("a list does not say how many packages it names")
    return match


def _spliced(document: bytes, kind: ListKind, elements: Iterable[bytes]) -> bytes:
    end = document.rfind(f"</{_ROOTS[kind]}>".encode())
    if end < 0:
        raise damaged(f"the list {kind} does not end")
    view, added = memoryview(document), list(elements)
    return _renumbered(document, len(added), [view[:end], *added, view[end:]])


def _without(document: bytes, digests: Collection[str]) -> bytes:
    spans = sorted({span for digest in digests for span in _spans(document, digest.encode())})
    view = memoryview(document)
    parts, position = [], 0
    for start, end in spans:
        parts.append(view[position:start])
        position = end + (document[end : end + 1] == b"\n")
    return _renumbered(document, -len(spans), [*parts, view[position:]])


def _renumbered(document: bytes, more: int, parts: list[bytes | memoryview]) -> bytes:
    """`parts` in one, with the count changed that stands in the first; copied once, for its size."""
    count = _counted(document)
    first, total = parts[0], b"%d" % (int(count[0]) + more)
    return b"".join((first[: count.start()], total, first[count.end() :], *parts[1:]))


def _spans(document: bytes, wanted: bytes) -> Iterator[tuple[int, int]]:
    """Where the elements of packages begin and end that hold `wanted`."""
    at = document.find(wanted)
    while at >= 0:
        start = document.rfind(_START, 0, at)
        end = document.find(_END, at) + len(_END)
        if start < 0 or end < len(_END):
            raise damaged("a list names something outside of a package")
        yield start, end
        at = document.find(wanted, end)


def _identity(element: bytes) -> ListedPackage:
    root = parsed(_WRAPPER % element, "an element of primary")
    version, location = root.find(f".//{_COMMON}version"), root.find(f".//{_COMMON}location")
    attributes = {} if version is None else version.attrib
    nevra = Nevra(
        name=root.findtext(f".//{_COMMON}name", ""),
        epoch=attributes.get("epoch", "0"),
        version=attributes.get("ver", ""),
        release=attributes.get("rel", ""),
        arch=root.findtext(f".//{_COMMON}arch", ""),
    )
    return ListedPackage(
        nevra=nevra,
        sha256=root.findtext(f".//{_COMMON}checksum", ""),
        href="" if location is None else location.get("href", ""),
    )
