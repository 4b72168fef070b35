"""From `contents` of the configuration to the entries of a payload."""

import os
import posixpath
import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

from jesses.base import inside
from jesses.base.errors import PayloadError
from jesses.base.payload import STANDARD_DIRECTORIES, Directory, Entry, File, Ghost, Symlink
from jesses.config import Contents
from jesses.config.text import is_pattern
from jesses.package.compression import gzipped


def resolve(contents: Iterable[Contents], *, sources: Path, staged: Path, version: str) -> Iterator[Entry]:
    """The entries that `contents` name, read from the repository (`sources`) and a staged tree (`staged`).

    Raises:
        PayloadError: something named is missing, is neither a file, a directory nor a link, or would be read
            through a link that leads out of its tree.

    """
    for wanted in contents:
        path = wanted.path.replace("{version}", version)
        if wanted.link is not None:
            yield Symlink(path=path, target=wanted.link, owner=wanted.owner, group=wanted.group)
        elif wanted.directory:
            yield Directory(path=path, mode=_mode(wanted, 0o755), owner=wanted.owner, group=wanted.group)
        elif wanted.ghost:
            yield Ghost(path=path, mode=_mode(wanted, 0o644), owner=wanted.owner, group=wanted.group)
        else:
            name, root = (wanted.source, sources) if wanted.source is not None else (wanted.staged, staged)
            yield from _found(wanted, path, root, name or "")


def _found(wanted: Contents, path: str, root: Path, name: str) -> Iterator[Entry]:
    if is_pattern(name):
        found = list(_matching(wanted, path, root, name))
    else:
        found = list(_from_disk(wanted, path, inside.entry(root, name)))
    if not found:
        made = "the repository has" if wanted.source is not None else "the build staged"
        raise PayloadError(
            f"{wanted.path}: {made} no {name}",
            fix="correct the entry in release.toml, or have the build command stage it",
        )
    yield from found


def _matching(wanted: Contents, path: str, root: Path, pattern: str) -> Iterator[Entry]:
    """Files and links, each below `path` as it lies below the last directory before the first wildcard."""
    above = takewhile(lambda part: not is_pattern(part), Path(pattern).parts[:-1])
    fixed = inside.file(root, posixpath.join("", *above))
    for found in sorted(root.glob(pattern), key=os.fsencode):
        if found.is_symlink() or not found.is_dir():
            origin = inside.entry(root, str(found.relative_to(root)))
            yield _entry(wanted, posixpath.join(path, found.relative_to(fixed).as_posix()), str(origin))


def _from_disk(wanted: Contents, path: str, origin: Path) -> Iterator[Entry]:
    """A file, a tree, a link as it is; nothing where nothing lies."""
    if origin.is_symlink() or not origin.is_dir():
        if origin.is_symlink() or origin.exists():
            yield _entry(wanted, path, str(origin))
        return
    if path not in STANDARD_DIRECTORIES:
        yield _directory(wanted, path)
    above = path.rstrip("/")
    skipped = len(str(origin))
    for found in sorted(_below(str(origin)), key=lambda found: os.fsencode(found.path)):
        name = above + found.path[skipped:]
        if not found.is_dir(follow_symlinks=False):
            yield _entry(wanted, name, found.path)
        elif name not in STANDARD_DIRECTORIES:
            yield _directory(wanted, name)


def _below(directory: str) -> Iterator["os.DirEntry[str]"]:
    """Everything below `directory`, in no order; links are not followed."""
    waiting = [directory]
    while waiting:
        directory = waiting.pop()
        try:
            with os.scandir(directory) as entries:
                found = list(entries)
        except OSError as error:
            raise PayloadError(
                f"cannot read {directory}: {error.strerror}", fix="see that the build leaves it readable"
            ) from error
        waiting += (entry.path for entry in found if entry.is_dir(follow_symlinks=False))
        yield from found


def _directory(wanted: Contents, path: str) -> Directory:
    return Directory(path=path, owner=wanted.owner, group=wanted.group)


def _entry(wanted: Contents, path: str, origin: str) -> Entry:
    """A file or a link."""
    status = os.lstat(origin)
    if stat.S_ISLNK(status.st_mode):
        return Symlink(path=path, target=str(Path(origin).readlink()), owner=wanted.owner, group=wanted.group)
    if not stat.S_ISREG(status.st_mode):
        raise PayloadError(
            f"{origin} is neither a file, a directory nor a link", fix="leave it out of the staged tree"
        )
    entry = File(
        path=path,
        source=origin,
        mode=_mode(wanted, 0o755 if status.st_mode & stat.S_IXUSR else 0o644),
        owner=wanted.owner,
        group=wanted.group,
        config=wanted.config,
        doc=wanted.doc,
        license=wanted.license,
        size=status.st_size,
    )
    return replace(entry, source=gzipped(Path(origin).read_bytes())) if wanted.gzip else entry


def _mode(wanted: Contents, default: int) -> int:
    return int(wanted.mode, 8) if wanted.mode else default
