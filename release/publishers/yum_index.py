"""The index of a YUM repository: three lists of packages, and `repomd.xml`, which names them by digest.

Lists are changed as text: the elements of packages that are already there stay byte for byte, whoever wrote
them.
"""

import bz2
import gzip
import hashlib
import lzma
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from release.compression import gzipped
from release.errors import ConflictError, RepositoryError
from release.publishers.yum_metadata import KINDS, IndexedPackage, Kind, Nevra

REPODATA: Final = "repodata"

_REPO: Final = "{http://linux.duke.edu/metadata/repo}"
_COMMON: Final = "{http://linux.duke.edu/metadata/common}"
_ROOTS: Final[Mapping[Kind, str]] = {"primary": "metadata", "filelists": "filelists", "other": "otherdata"}
_NAMESPACES: Final[Mapping[Kind, str]] = {
    "primary": 'xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm"',
    "filelists": 'xmlns="http://linux.duke.edu/metadata/filelists"',
    "other": 'xmlns="http://linux.duke.edu/metadata/other"',
}
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_EMPTY_REPOMD: Final = (
    f'{_DECLARATION}<repomd xmlns="http://linux.duke.edu/metadata/repo" '
    'xmlns:rpm="http://linux.duke.edu/metadata/rpm">\n  <revision>0</revision>\n</repomd>\n'
).encode()

_COUNT: Final = re.compile(rb'(?<=\spackages=["\'])\d+')
_DATA: Final = re.compile(rb'\s*<data\b[^>]*\btype=["\']([^"\']+)["\'].*?</data>', re.DOTALL)
_REVISION: Final = re.compile(rb"<revision>\s*(\d*)[^<]*</revision>")
# Other forms of the same lists, as createrepo_c may have made them: they would not know the new packages.
_DERIVED: Final = re.compile(r"(primary|filelists|other)([-_].*)?")
_UNPACK: Final[tuple[tuple[bytes, Callable[[bytes], bytes]], ...]] = (
    (b"\x1f\x8b", gzip.decompress),
    (b"\xfd7zXZ\0", lzma.decompress),
    (b"BZh", bz2.decompress),
    (b"<?xml", bytes),
)
# "sha" is what EL5 called SHA-1. These digests show that a list is whole; the signature shows whose it is.
_ALGORITHMS: Final[Mapping[str, str]] = {
    "sha": "sha1",
    **{name: name for name in ("sha1", "sha256", "sha384", "sha512")},
}
_END: Final = b"</package>"
_WRAPPER: Final = f"<metadata {_NAMESPACES['primary']}>%s</metadata>".encode()


@dataclass(frozen=True, kw_only=True)
class Lists:
    """The three lists as plain XML."""

    documents: Mapping[Kind, bytes]

    def add(self, packages: Iterable[IndexedPackage]) -> "Lists":
        """These lists with `packages` at their ends."""
        added = list(packages)
        return Lists(
            documents={
                kind: _spliced(document, kind, [package.elements[kind] for package in added])
                for kind, document in self.documents.items()
            }
        )

    def missing(self, packages: Iterable[IndexedPackage]) -> tuple[IndexedPackage, ...]:
        """Those of `packages` that are not listed yet.

        Raises:
            ConflictError: another file is listed as one of them.

        """
        return tuple(package for package in packages if not self._lists(package))

    def _lists(self, package: IndexedPackage) -> bool:
        digests = {
            digest
            for nevra, digest in _named(self.documents["primary"], package.nevra.name)
            if nevra == package.nevra
        }
        if digests - {package.sha256}:
            raise ConflictError(
                f"the YUM repository already lists another file as {package.nevra}",
                fix="a published version never changes: release a new one",
            )
        return bool(digests)


EMPTY: Final = Lists(
    documents={
        kind: f'{_DECLARATION}<{_ROOTS[kind]} {_NAMESPACES[kind]} packages="0">\n</{_ROOTS[kind]}>\n'.encode()
        for kind in KINDS
    }
)


def read_lists(repomd: bytes, fetch: Callable[[str], bytes]) -> Lists:
    """The lists that `repomd` names; `fetch` gives the bytes of an object by its `href`.

    Raises:
        RepositoryError: something is missing or damaged.

    """
    references = _references(repomd)
    documents = {kind: _document(references[kind], fetch) for kind in KINDS}
    if len({_count(document) for document in documents.values()}) > 1:
        raise _damaged("its lists name different numbers of packages")
    return Lists(documents=documents)


def packed(lists: Lists) -> dict[Kind, bytes]:
    """The lists as they are stored: gzip, which every client since EL6 reads."""
    return {kind: gzipped(document) for kind, document in lists.documents.items()}


def file_name(kind: Kind, data: bytes) -> str:
    """The name of a stored list: by its digest, so that it never changes."""
    return f"{REPODATA}/{hashlib.sha256(data).hexdigest()}-{kind}.xml.gz"


def next_repomd(previous: bytes | None, lists: Lists, files: Mapping[Kind, bytes], *, now: int) -> bytes:
    """The `repomd.xml` after `previous` (None: the first one) for `lists`, stored as `files`.

    What `previous` says of anything else (comps, updateinfo, ...) stays. `now` is seconds since 1970; the
    revision grows even where the clock does not.
    """
    text = previous or _EMPTY_REPOMD
    revision = max(now, _revision_of(text) + 1)
    records = "".join(_record(kind, files[kind], lists.documents[kind], timestamp=revision) for kind in KINDS)
    kept = _DATA.sub(lambda match: b"" if _DERIVED.fullmatch(match[1].decode()) else match[0], text)
    revised = _REVISION.sub(f"<revision>{revision}</revision>".encode(), kept, count=1)
    head, end, tail = revised.rpartition(b"</repomd>")
    if not end:
        raise _damaged("repomd.xml does not end")
    return head + records.encode() + end + tail


def _record(kind: Kind, data: bytes, document: bytes, *, timestamp: int) -> str:
    return (
        f'  <data type="{kind}">\n'
        f'    <checksum type="sha256">{hashlib.sha256(data).hexdigest()}</checksum>\n'
        f'    <open-checksum type="sha256">{hashlib.sha256(document).hexdigest()}</open-checksum>\n'
        f'    <location href="{file_name(kind, data)}"/>\n'
        f"    <timestamp>{timestamp}</timestamp>\n"
        f"    <size>{len(data)}</size>\n"
        f"    <open-size>{len(document)}</open-size>\n"
        "  </data>\n"
    )


def _references(repomd: bytes) -> dict[str, ET.Element]:
    """The `data` elements by type."""
    root = _parsed(repomd, "repomd.xml")
    found = {data.get("type", ""): data for data in root.iter(f"{_REPO}data")}
    for kind in KINDS:
        if kind not in found:
            raise _damaged(f"repomd.xml names no {kind}")
    return found


def _document(reference: ET.Element, fetch: Callable[[str], bytes]) -> bytes:
    """The plain list that `reference` names, checked against the digest there."""
    location, checksum = reference.find(f"{_REPO}location"), reference.find(f"{_REPO}checksum")
    href = "" if location is None else location.get("href", "")
    algorithm = "" if checksum is None else checksum.get("type", "")
    if not href or checksum is None or algorithm not in _ALGORITHMS:
        raise _damaged("repomd.xml names a list without a place or a known kind of digest")
    data = fetch(href)
    digest = hashlib.new(_ALGORITHMS[algorithm], data, usedforsecurity=False)
    if digest.hexdigest() != checksum.text:
        raise _damaged(f"{href} has not the digest that repomd.xml says")
    for magic, unpack in _UNPACK:
        if data.startswith(magic):
            try:
                return unpack(data)
            except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
                raise _damaged(f"{href} cannot be unpacked: {error}") from error
    raise RepositoryError(
        f"{href} is packed in a way that is not known here",
        fix="make the lists again with gzip: createrepo_c --compress-type gz",
    )


def _count(document: bytes) -> int:
    return int(_counted(document)[0])


def _counted(document: bytes) -> re.Match[bytes]:
    match = _COUNT.search(document)
    if match is None:
        raise _damaged("a list does not say how many packages it names")
    return match


def _spliced(document: bytes, kind: Kind, elements: Sequence[bytes]) -> bytes:
    count, end = _counted(document), document.rfind(f"</{_ROOTS[kind]}>".encode())
    if end < 0:
        raise _damaged(f"the list {kind} does not end")
    view = memoryview(document)
    total = b"%d" % (int(count[0]) + len(elements))
    # One copy: a list may have tens of megabytes.
    return b"".join((view[: count.start()], total, view[count.end() : end], *elements, view[end:]))


def _named(primary: bytes, name: str) -> Iterator[tuple[Nevra, str]]:
    """The packages called `name` that `primary` lists, with their digests."""
    for match in re.finditer(re.escape(f"<name>{escape(name)}</name>".encode()), primary):
        start = primary.rfind(b"<package", 0, match.start())
        end = primary.find(_END, match.end())
        if start < 0 or end < 0:
            raise _damaged("the list primary holds a name outside of a package")
        element = primary[start : end + len(_END)]
        yield _identity(_parsed(_WRAPPER % element, "an element of primary"))


def _identity(root: ET.Element) -> tuple[Nevra, str]:
    version = root.find(f".//{_COMMON}version")
    attributes = {} if version is None else version.attrib
    nevra = Nevra(
        name=root.findtext(f".//{_COMMON}name", ""),
        epoch=attributes.get("epoch", "0"),
        version=attributes.get("ver", ""),
        release=attributes.get("rel", ""),
        arch=root.findtext(f".//{_COMMON}arch", ""),
    )
    return nevra, root.findtext(f".//{_COMMON}checksum", "")


def _revision_of(repomd: bytes) -> int:
    match = _REVISION.search(repomd)
    return int(match[1] or 0) if match else 0


def _parsed(text: bytes, what: str) -> ET.Element:
    try:
        # It is our own store's, and expat refuses entities that multiply (since 2.4.1).
        return ET.fromstring(text)  # noqa: S314
    except ET.ParseError as error:
        raise _damaged(f"{what} cannot be read: {error}") from error


def _damaged(why: str) -> RepositoryError:
    return RepositoryError(
        f"the YUM repository is damaged: {why}", fix="make its metadata again with createrepo_c"
    )
