"""The files of one package: where they go, what they hold, who owns them."""

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import Final

from jesses.base.errors import PayloadError

STANDARD_DIRECTORIES: Final = frozenset(
    "/" + path
    for path in (
        *("", "bin", "boot", "dev", "etc", "home", "lib", "lib64", "opt", "run", "sbin", "srv", "usr", "var"),
        *("etc/cron.d", "etc/default", "etc/init.d", "etc/logrotate.d", "etc/modprobe.d", "etc/sysctl.d"),
        *("etc/systemd", "etc/systemd/system"),
        *("lib/modules", "lib/systemd", "lib/systemd/system"),
        *("usr/bin", "usr/include", "usr/lib", "usr/lib64", "usr/libexec", "usr/local", "usr/sbin"),
        *("usr/share", "usr/src"),
        *("usr/lib/debug", "usr/lib/modules", "usr/lib/modules-load.d", "usr/lib/sysctl.d"),
        *("usr/lib/systemd", "usr/lib/systemd/system", "usr/lib/sysusers.d", "usr/lib/tmpfiles.d"),
        *("usr/lib/udev", "usr/lib/udev/rules.d"),
        *("usr/share/bash-completion", "usr/share/bash-completion/completions"),
        *("usr/share/doc", "usr/share/licenses", "usr/share/lintian", "usr/share/lintian/overrides"),
        *("usr/share/man", *(f"usr/share/man/man{section}" for section in range(1, 10))),
        *("var/cache", "var/lib", "var/log", "var/spool"),
    )
)
"""Directories that the system owns (Filesystem Hierarchy Standard 3.0): no package claims them."""


ContentSource = Path | str | bytes
"""A path to read from, as text where there are thousands; or the bytes themselves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Owned:
    """What all entries have: the path that is installed, and an owner and a group, by name or number."""

    path: str
    owner: str = "root"
    group: str = "root"


@dataclass(frozen=True, kw_only=True, slots=True)
class File(_Owned):
    """A regular file and where its content is.

    `config` marks a configuration file: an administrator's changes survive an upgrade. `doc` and `license`
    mark documentation and licence texts, where a format has a word for them. `size` is bytes when the file was
    found: an estimate for whoever plans, since only packing tells the real one.
    """

    source: ContentSource
    mode: int = 0o644
    config: bool = False
    doc: bool = False
    license: bool = False
    size: int = field(default=0, compare=False)

    @property
    def on_disk(self) -> str | None:
        """The name of the file that is read, where there is one."""
        return None if isinstance(self.source, bytes) else str(self.source)


@dataclass(frozen=True, kw_only=True, slots=True)
class Directory(_Owned):
    """A directory that the package owns, empty or not."""

    mode: int = 0o755


@dataclass(frozen=True, kw_only=True, slots=True)
class Symlink(_Owned):
    """A symbolic link; `target` is written as it is."""

    target: str
    mode: int = 0o777


@dataclass(frozen=True, kw_only=True, slots=True)
class Ghost(_Owned):
    """A file that the package owns without bringing it: the program makes it, removal takes it away."""

    mode: int = 0o644


Entry = File | Directory | Symlink | Ghost


@dataclass(frozen=True)
class Payload:
    """The entries of one package, sorted by path, each path once, no path inside a file.

    Build one with `Payload.of`, which reports everything that is wrong.
    """

    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Payload":
        """Sort and check `entries`.

        Raises:
            PayloadError: a path is not absolute and normalized, is claimed twice, or lies inside a file.

        """
        ordered = _ordered(entries)
        problems = [*_malformed(ordered), *_claimed_twice(ordered), *_inside_files(ordered)]
        if problems:
            raise PayloadError(
                "the payload is not sound:\n    " + "\n    ".join(problems),
                fix="correct the contents of the package in release.toml",
            )
        return cls(ordered)

    @classmethod
    def sorted(cls, entries: Iterable[Entry]) -> "Payload":
        """Sort `entries`, which are known to be sound: those of a payload, or directories above them."""
        return cls(_ordered(entries))

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def files(self) -> tuple[File, ...]:
        return tuple(entry for entry in self.entries if isinstance(entry, File))

    @property
    def ghosts(self) -> tuple[Ghost, ...]:
        return tuple(entry for entry in self.entries if isinstance(entry, Ghost))

    def without_ghosts(self) -> "Payload":
        """What is written, for formats that have no word for the rest."""
        return Payload(tuple(entry for entry in self.entries if not isinstance(entry, Ghost)))

    def with_parents(self) -> "Payload":
        """The same payload with every missing parent directory added (mode 0755, root)."""
        return self._with(self._missing_parents())

    def with_own_directories(self) -> "Payload":
        """The same payload, owning every parent directory that the system does not own."""
        return self._with(self._missing_parents() - STANDARD_DIRECTORIES)

    def _missing_parents(self) -> set[str]:
        return all_parents(self.entries) - {entry.path for entry in self.entries}

    def _with(self, directories: Iterable[str]) -> "Payload":
        """The same payload with directories that nothing in it contradicts."""
        return Payload.sorted((*self.entries, *(Directory(path=path) for path in directories)))


def parents(path: str) -> Iterator[str]:
    """Every directory above `path` but the root, nearest first.

    >>> list(parents("/usr/bin/kestrel"))
    ['/usr/bin', '/usr']
    """
    parts = path.strip("/").split("/")[:-1]
    return ("/" + "/".join(parts[:count]) for count in range(len(parts), 0, -1))


def all_parents(entries: Iterable[Entry]) -> set[str]:
    """Every directory above any of `entries` but the root."""
    found: set[str] = set()
    for entry in entries:
        parent = entry.path.rpartition("/")[0]
        while parent and parent not in found:
            found.add(parent)
            parent = parent.rpartition("/")[0]
    return found


def _ordered(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    # The order of characters is that of their bytes in UTF-8.
    return tuple(sorted(entries, key=attrgetter("path")))


def _malformed(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in entries:
        path = entry.path
        if path == "/" or path != "/" + posixpath.normpath(path).lstrip("/"):
            yield f"{path!r} is not an absolute path without '.', '..' or '//'"
        elif not path.isprintable():
            yield f"{path!r} holds a control character"


def _claimed_twice(entries: tuple[Entry, ...]) -> Iterator[str]:
    for before, entry in pairwise(entries):
        if before.path == entry.path:
            yield f"{entry.path} is claimed twice"


def _inside_files(entries: tuple[Entry, ...]) -> Iterator[str]:
    closed = {entry.path for entry in entries if not isinstance(entry, Directory)}
    if closed.isdisjoint(all_parents(entries)):
        return
    for entry in entries:
        for parent in closed.intersection(parents(entry.path)):
            yield f"{entry.path} lies inside {parent}, which is not a directory"
