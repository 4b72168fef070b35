"""The indexes of an APT repository: `Packages` of each architecture, and what is added and taken out.

Texts are changed as they are: what stays does so byte for byte, whoever wrote it. Only what a change is about
is looked for, since an index may have tens of thousands of packages.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

from jesses.base.errors import ConflictError
from jesses.base.naming.arch import DEBIAN, MACHINES
from jesses.package.compression import incremental
from jesses.package.compression.deflate import deflate
from jesses.package.compression.incremental import Deflate, Made, Text
from jesses.publish.apt.metadata import CONTENTS_FORM, INDEX, contents_path, index_directory

ALL: Final = DEBIAN["noarch"]

PackageIdentity = tuple[str, str, str]
"""Name, version and architecture: two files with the same are a conflict."""

_GZIP: Final = f"{INDEX}.gz"
_XZ: Final = f"{INDEX}.xz"
PACKED: Final = (_GZIP, _XZ)

_BLANK_LINES: Final = re.compile(rb"\n(?:[ \t]*\n)+")
_FIELDS: Final = re.compile(
    rb"^(Package|Version|Architecture|SHA256|Filename):[ \t]*(.*?)[ \t]*$", re.MULTILINE
)


@dataclass(frozen=True, kw_only=True)
class Stanza:
    """One package in an index; `text` is its exact bytes and ends in a newline, `filename` is below the root."""

    package: str
    version: str
    architecture: str
    sha256: str
    filename: str
    text: bytes

    @property
    def identity(self) -> PackageIdentity:
        return self.package, self.version, self.architecture

    @classmethod
    def parse(cls, text: bytes) -> Self:
        found = {name: value.decode("utf-8", "replace") for name, value in _FIELDS.findall(text)}
        return cls(
            package=found.get(b"Package", ""),
            version=found.get(b"Version", ""),
            architecture=found.get(b"Architecture", ""),
            sha256=found.get(b"SHA256", ""),
            filename=found.get(b"Filename", ""),
            text=text.strip(b"\n") + b"\n",
        )

    @classmethod
    def of(cls, control: str, *, filename: str, size: int, sha256: str) -> Self:
        """The control file of a package, and where its file is: `filename` below the root, `size` in bytes."""
        return cls.parse(f"{control}Filename: {filename}\nSize: {size}\nSHA256: {sha256}\n".encode())


@dataclass(frozen=True, kw_only=True)
class Index:
    """The index of one architecture: its text, and the files that were made of it, as far as they are at hand.

    `contents` is the `Contents` of the architecture, where it is kept. `deflater` makes what no file at hand has.
    """

    text: bytes = b""
    packed: Mapping[str, bytes] = field(default_factory=dict)
    contents: Made | None = None
    deflater: Deflate = deflate

    def stored(self, component: str, architecture: str) -> dict[str, bytes]:
        """The files that are written, by their paths below the suite."""
        directory = index_directory(component, architecture)
        files = {f"{directory}/{name}": data for name, data in self.packed.items()}
        if self.contents:
            files[contents_path(component, architecture) + CONTENTS_FORM] = self.contents.packed
        return files

    def plain(self, component: str, architecture: str) -> dict[str, bytes]:
        """What is listed and not stored, as in Debian's own archive: apt checks what it unpacked with it."""
        files = {f"{index_directory(component, architecture)}/{INDEX}": self.text}
        if self.contents:
            files[contents_path(component, architecture)] = self.contents.text.data
        return files

    def texts(self) -> Iterator[bytes]:
        """The stanzas as they are."""
        return (text.strip(b"\n") for text in _BLANK_LINES.split(self.text) if text.strip())

    def stanzas(self) -> Iterator[Stanza]:
        return map(Stanza.parse, self.texts())

    def having(self, name: str, value: str) -> Iterator[Stanza]:
        """The stanzas whose field `name` is `value`."""
        for at in _lines(self.text, name.encode(), value.encode()):
            start, end = _around(self.text, at)
            yield Stanza.parse(self.text[start:end])

    def find(self, identity: PackageIdentity) -> Stanza | None:
        # Releases share a name, or a version: the rarer of the two leads to fewer stanzas.
        fields = {"Package": identity[0], "Version": identity[1]}
        rare = min(fields, key=lambda name: self.text.count(fields[name].encode()))
        return next((found for found in self.having(rare, fields[rare]) if found.identity == identity), None)

    def with_text(self, text: bytes) -> "Index":
        """The index for another text, in every form; what did not change is not compressed again."""
        new = Text(data=text)
        packed = {
            _GZIP: incremental.gzip(new, self._made(_GZIP), self.deflater),
            _XZ: incremental.xz_stream(new, self._made(_XZ)),
        }
        return replace(self, text=text, packed=packed)

    def with_contents(self, contents: bytes) -> "Index":
        text = Text(data=contents)
        return replace(self, contents=Made(text=text, packed=incremental.gzip(text, self.contents)))

    def _made(self, name: str) -> Made | None:
        packed = self.packed.get(name)
        return None if packed is None else Made(text=Text(data=self.text), packed=packed)


def find(indexes: Mapping[str, Index], identity: PackageIdentity) -> Stanza | None:
    """The package of `identity` in any of `indexes`."""
    return next((found for index in indexes.values() if (found := index.find(identity))), None)


def add(indexes: Mapping[str, Index], new: Sequence[Stanza]) -> dict[str, Index]:
    """The indexes that change when `new` is added, by Debian architecture.

    There is one for every machine that is released for. A package for `all` machines stands in each; those that
    were there already reach an index that begins.

    Raises:
        ConflictError: a package is there already, or comes twice, with other bytes.

    """
    _check(indexes, new)
    machines = {DEBIAN[machine] for machine in MACHINES} | {stanza.architecture for stanza in new} - {ALL}
    shared: list[Stanza] = []
    if machines - set(indexes):
        shared = [stanza for index in indexes.values() for stanza in index.having("Architecture", ALL)]
    texts = {
        architecture: _added(indexes.get(architecture), (*shared, *new), architecture)
        for architecture in sorted(machines | set(indexes))
    }
    return _changed(indexes, texts)


def remove(indexes: Mapping[str, Index], gone: Iterable[PackageIdentity]) -> dict[str, Index]:
    """The indexes that change when `gone` are taken out, by Debian architecture."""
    wanted = list(gone)
    texts = {architecture: _without(index, wanted) for architecture, index in indexes.items()}
    return _changed(indexes, texts)


def _changed(indexes: Mapping[str, Index], texts: Mapping[str, bytes]) -> dict[str, Index]:
    return {
        architecture: indexes.get(architecture, Index()).with_text(text)
        for architecture, text in texts.items()
        if architecture not in indexes or text is not indexes[architecture].text
    }


def _check(indexes: Mapping[str, Index], new: Sequence[Stanza]) -> None:
    digests: dict[PackageIdentity, str] = {}
    for stanza in new:
        there = find(indexes, stanza.identity)
        known = digests.setdefault(stanza.identity, there.sha256 if there else stanza.sha256)
        if known != stanza.sha256:
            raise ConflictError(
                f"{stanza.package} {stanza.version} for {stanza.architecture} is in the APT repository with "
                f"other bytes (sha256 {known}, not {stanza.sha256})",
                fix="what is published never changes: release a new version",
            )


def _added(index: Index | None, candidates: Sequence[Stanza], architecture: str) -> bytes:
    there = index or Index()
    added = {
        stanza.identity: stanza.text
        for stanza in candidates
        if stanza.architecture in {architecture, ALL} and not there.find(stanza.identity)
    }
    if not added:
        return there.text
    end = there.text[-2:]
    separator = b"" if not there.text or end == b"\n\n" else b"\n" if end.endswith(b"\n") else b"\n\n"
    return b"".join((there.text, separator, *(text + b"\n" for text in added.values())))


def _without(index: Index, gone: Iterable[PackageIdentity]) -> bytes:
    text = index.text
    spans = {
        _around(text, at)
        for identity in gone
        for at in _lines(text, b"Version", identity[1].encode())
        if Stanza.parse(text[slice(*_around(text, at))]).identity == identity
    }
    if not spans:
        return text
    kept, position = [], 0
    for start, end in sorted(spans):
        kept.append(text[position:start])
        blank = _BLANK_LINES.match(text, end)
        position = blank.end() if blank else end
    return b"".join((*kept, text[position:]))


def _lines(text: bytes, name: bytes, value: bytes) -> Iterator[int]:
    """Where the lines begin that give the field `name` this `value`.

    A search for bare bytes: a regular expression takes a hundred times as long.
    """
    at = text.find(value) if value else -1
    while at >= 0:
        start, end = text.rfind(b"\n", 0, at) + 1, text.find(b"\n", at)
        field, _, found = text[start : len(text) if end < 0 else end].partition(b":")
        if field == name and found.strip() == value:
            yield start
        at = text.find(value, at + len(value))


def _around(text: bytes, at: int) -> tuple[int, int]:
    """Where the stanza around `at` begins and ends."""
    start = max(0, text.rfind(b"\n\n", 0, at))
    for blank in _BLANK_LINES.finditer(text, start, at):
        start = blank.end()
    blank_after = _BLANK_LINES.search(text, at)
    return start, blank_after.start() if blank_after else len(text)
