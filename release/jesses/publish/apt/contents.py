"""The `Contents` of an architecture: which package has a file.

Format: https://wiki.debian.org/DebianRepository/Format, "Contents indices". It says what the newest version of
each package has, the one that apt would install, so it does not grow with the number of versions. Of a package
whose newest version has stayed the same, the lines that are there stay, whoever wrote them.
"""

import posixpath
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from jesses.base.errors import FormatError, RepositoryError
from jesses.base.naming.debian_order import sort_key
from jesses.package.formats import deb_reader
from jesses.publish.apt.index import Index, Stanza
from jesses.publish.shared.objects import RepositoryObjects

Files = Callable[[Stanza], Iterable[str]]
"""Gives the paths of a package's files, without the slash at their start."""

_LINE: Final = re.compile(r"(.*\S)[ \t]+(\S+)[ \t]*")
# Older tools explain the format first; the explanation ends with the heads of the columns.
_HEADER: Final = re.compile(r"FILE[ \t]+LOCATION[ \t]*")
_SECTION: Final = re.compile(rb"^Section:[ \t]*(\S+)", re.MULTILINE)
_NAME: Final = re.compile(rb"^Package:[ \t]*(\S+)", re.MULTILINE)


class PackageFiles:
    """What packages of the repository `objects` have, as `Files`, each looked at once.

    `at_hand` gives the paths of a package that need not be fetched. Of one that is missing from the pool or
    damaged, nothing is known.
    """

    def __init__(
        self, objects: RepositoryObjects, at_hand: Callable[[Stanza], list[str] | None] = lambda _: None
    ) -> None:
        self._objects = objects
        self._at_hand = at_hand
        self._known: dict[str, list[str]] = {}

    def __call__(self, stanza: Stanza) -> list[str]:
        if stanza.sha256 not in self._known:
            self._known[stanza.sha256] = self._read(stanza)
        return self._known[stanza.sha256]

    def _read(self, stanza: Stanza) -> list[str]:
        if (known := self._at_hand(stanza)) is not None:
            return known
        try:
            with (
                self._objects.open(posixpath.normpath(stanza.filename)) as stream,
                tempfile.TemporaryFile() as copy,
            ):
                shutil.copyfileobj(stream, copy, 1 << 20)
                copy.seek(0)
                return deb_reader.paths(copy)
        except (RepositoryError, FormatError):
            return []


def follow(contents: bytes, before: Index, after: Index, files: Files) -> bytes:
    """The contents of `after`, where `contents` were those of `before`: `files` is asked for what is new only."""
    changed = _changed(before, after)
    alive = {found.decode("utf-8", "replace") for found in _NAME.findall(after.text)}
    listed = {
        path: stay
        for path, packages in parse(contents).items()
        if (stay := {each for each in packages if _name(each) in alive and _name(each) not in changed})
    }
    for stanza in filter(None, changed.values()):
        for path in files(stanza):
            listed.setdefault(path, set()).add(_qualified(stanza))
    return render(listed)


def parse(text: bytes) -> dict[str, set[str]]:
    """The packages by path, each with its section; lines that are none are left out, as clients do."""
    lines = text.decode("utf-8", "surrogateescape").split("\n")
    start = next((number for number, line in enumerate(lines, 1) if _HEADER.fullmatch(line)), 0)
    found = filter(None, map(_LINE.fullmatch, lines[start:]))
    return {match[1]: set(match[2].split(",")) for match in found}


def render(listed: Mapping[str, Iterable[str]]) -> bytes:
    lines = (
        f"{path}\t{','.join(sorted(packages))}\n" for path, packages in listed.items() if "\n" not in path
    )
    return b"".join(sorted(line.encode("utf-8", "surrogateescape") for line in lines))


def _changed(before: Index, after: Index) -> dict[str, Stanza | None]:
    """The packages whose newest version is another one, or none any more."""
    old, now = set(before.texts()), set(after.texts())
    gone, new = set(map(Stanza.parse, old - now)), set(map(Stanza.parse, now - old))
    changed: dict[str, Stanza | None] = {}
    for name in {stanza.package for stanza in gone | new}:
        first = _newest(before.having("Package", name))
        added = (stanza for stanza in new if stanza.package == name)
        # Old versions are looked through again only where the newest is gone.
        there = after.having("Package", name) if first in gone else filter(None, (first, *added))
        if (newest := _newest(there)) != first:
            changed[name] = newest
    return changed


def _newest(stanzas: Iterable[Stanza]) -> Stanza | None:
    return max(stanzas, key=lambda stanza: sort_key(stanza.version), default=None)


def _name(qualified: str) -> str:
    return qualified.rpartition("/")[2]


def _qualified(stanza: Stanza) -> str:
    section = _SECTION.search(stanza.text)
    return f"{section[1].decode()}/{stanza.package}" if section else stanza.package
