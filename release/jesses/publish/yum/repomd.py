"""`repomd.xml`, which names the lists of a YUM repository by digest, and `mirrorlist`, which names a snapshot."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from jesses.publish.shared.decompress import decompress
from jesses.publish.yum.lists import DECLARATION, Lists, damaged, parsed
from jesses.publish.yum.metadata import KINDS, ListKind

REPODATA: Final = "repodata"

_REPO: Final = "{http://linux.duke.edu/metadata/repo}"
_EMPTY_REPOMD: Final = (
    f'{DECLARATION}<repomd xmlns="http://linux.duke.edu/metadata/repo" '
    'xmlns:rpm="http://linux.duke.edu/metadata/rpm">\n  <revision>0</revision>\n</repomd>\n'
).encode()
_RECORD: Final = """\
  <data type="{kind}">
    <checksum type="sha256">{checksum}</checksum>
    <open-checksum type="sha256">{open_checksum}</open-checksum>
    <location href="{href}"/>
    <timestamp>{timestamp}</timestamp>
    <size>{size}</size>
    <open-size>{open_size}</open-size>
  </data>
"""
_DATA: Final = re.compile(rb'\s*<data\b[^>]*\btype=["\']([^"\']+)["\'].*?</data>', re.DOTALL)
_REVISION: Final = re.compile(rb"<revision>\s*(\d*)[^<]*</revision>")
# Other forms of the same lists, as createrepo_c may have made them: they would not know the new packages.
_DERIVED: Final = re.compile(r"(primary|filelists|other)([-_].*)?")
# "sha" is what EL5 called SHA-1. These digests show that a list is whole; the signature shows whose it is.
_ALGORITHMS: Final[Mapping[str, str]] = {
    "sha": "sha1",
    **{name: name for name in ("sha1", "sha256", "sha384", "sha512")},
}
Fetch = Callable[[str], bytes]
"""Gives the bytes of an object by its `href`."""


def read_lists(repomd: bytes, fetch: Fetch) -> Lists:
    """The lists that `repomd` names.

    Raises:
        RepositoryError: something is missing or damaged.

    """
    references = _references(repomd)
    files = {kind: _file(references[kind], fetch) for kind in KINDS}
    lists = Lists(
        documents={kind: decompress(data, _href(references[kind])) for kind, data in files.items()},
        packed=files,
    )
    if len(lists.counts()) > 1:
        raise damaged("its lists name different numbers of packages")
    return lists


def read_list(repomd: bytes, kind: ListKind, fetch: Fetch) -> tuple[bytes, bytes]:
    """One list that `repomd` names: plain, and as it is stored; errors as `read_lists`."""
    reference = _references(repomd)[kind]
    data = _file(reference, fetch)
    return decompress(data, _href(reference)), data


def others(repomd: bytes) -> Iterator[str]:
    """The `href` of whatever else a `repomd.xml` names (comps, updateinfo, ...)."""
    for data in parsed(repomd, "repomd.xml").iter(f"{_REPO}data"):
        if not _DERIVED.fullmatch(data.get("type", "")) and (href := _href(data)):
            yield href


def names(repomd: bytes, lists: Lists) -> bool:
    """Whether `repomd` is about these lists, in whatever form."""
    references = _references(repomd)
    return all(
        references[kind].findtext(f"{_REPO}open-checksum") == hashlib.sha256(document).hexdigest()
        for kind, document in lists.documents.items()
    )


def file_name(kind: ListKind, data: bytes) -> str:
    """The name of a stored list: by its digest, so that it never changes."""
    return f"{REPODATA}/{hashlib.sha256(data).hexdigest()}-{kind}.xml.gz"


def next_repomd(previous: bytes | None, lists: Lists, *, now: int) -> bytes:
    """The `repomd.xml` after `previous` (None: the first one) for `lists`.

    What `previous` says of anything else (comps, updateinfo, ...) stays. `now` is seconds since 1970; the
    revision grows even where the clock does not.
    """
    text = previous or _EMPTY_REPOMD
    return _repomd(text, lists, max(now, _revision_of(text) + 1))


def same_repomd(repomd: bytes, lists: Lists) -> bytes:
    """`repomd` of the same revision for other `lists`: for the same packages as seen from another directory."""
    return _repomd(repomd, lists, _revision_of(repomd))


def _repomd(text: bytes, lists: Lists, revision: int) -> bytes:
    records = "".join(
        _record(kind, lists.packed[kind], lists.documents[kind], timestamp=revision) for kind in KINDS
    )
    kept = _DATA.sub(lambda match: b"" if _DERIVED.fullmatch(match[1].decode()) else match[0], text)
    revised = _REVISION.sub(f"<revision>{revision}</revision>".encode(), kept, count=1)
    head, end, tail = revised.rpartition(b"</repomd>")
    if not end:
        raise damaged("repomd.xml does not end")
    return head + records.encode() + end + tail


def _record(kind: ListKind, data: bytes, document: bytes, *, timestamp: int) -> str:
    return _RECORD.format(
        kind=kind,
        checksum=hashlib.sha256(data).hexdigest(),
        open_checksum=hashlib.sha256(document).hexdigest(),
        href=file_name(kind, data),
        timestamp=timestamp,
        size=len(data),
        open_size=len(document),
    )


def _references(repomd: bytes) -> dict[str, ET.Element]:
    """The `data` elements by type."""
    root = parsed(repomd, "repomd.xml")
    found = {data.get("type", ""): data for data in root.iter(f"{_REPO}data")}
    for kind in KINDS:
        if kind not in found:
            raise damaged(f"repomd.xml names no {kind}")
    return found


def _href(reference: ET.Element) -> str:
    location = reference.find(f"{_REPO}location")
    return "" if location is None else location.get("href", "")


def _file(reference: ET.Element, fetch: Fetch) -> bytes:
    """The list that `reference` names as it is stored, checked against the digest there."""
    href, checksum = _href(reference), reference.find(f"{_REPO}checksum")
    algorithm = "" if checksum is None else checksum.get("type", "")
    if not href or checksum is None or algorithm not in _ALGORITHMS:
        raise damaged("repomd.xml names a list without a place or a known kind of digest")
    data = fetch(href)
    digest = hashlib.new(_ALGORITHMS[algorithm], data, usedforsecurity=False)
    if digest.hexdigest() != checksum.text:
        raise damaged(f"{href} has not the digest that repomd.xml says")
    return data


def _revision_of(repomd: bytes) -> int:
    match = _REVISION.search(repomd)
    return int(match[1] or 0) if match else 0


@dataclass(frozen=True, kw_only=True)
class MirrorList:
    """What `mirrorlist` says: where the snapshot lies below the repository, and in comments what saves us reads.

    `sources` is the digest of the files for users, `signature` that of the `repomd.xml` of the snapshot, or empty.
    Clients skip comments (librepo's mirrorlist.c, yum's yumRepo.py).
    """

    base: str
    sources: str
    signature: bytes = b""

    def render(self, url: str) -> bytes:
        """The file; users reach the repository at `url`."""
        signature = "".join(f"# {line}\n" for line in self.signature.decode().splitlines())
        return f"# {_SOURCES}{self.sources}\n{signature}{url}/{self.base}/\n".encode()

    @classmethod
    def parse(cls, data: bytes) -> "MirrorList":
        """Read one; raises `RepositoryError` where it is none of ours."""
        lines = data.decode("utf-8", "replace").splitlines()
        comments = [line.removeprefix("#").strip() for line in lines if line.startswith("#")]
        bases = [match[1] for line in lines if (match := _SNAPSHOT.search(line))]
        if len(bases) != 1:
            raise damaged("mirrorlist names no snapshot")
        sources = next((line for line in comments if line.startswith(_SOURCES)), "")
        signature = [line for line in comments if not line.startswith(_SOURCES)]
        return cls(
            base=bases[0],
            sources=sources.removeprefix(_SOURCES),
            signature="".join(f"{line}\n" for line in signature).encode(),
        )


_SOURCES: Final = "sources "
_SNAPSHOT: Final = re.compile(r"^[^#].*/(snap/[0-9a-f]+)/?$")


def snapshot_of(repomd: bytes) -> str:
    """Where the snapshot of a `repomd.xml` lies, below the repository."""
    return f"snap/{hashlib.sha256(repomd).hexdigest()[:32]}"
