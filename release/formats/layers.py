"""Which files of an image share a layer: a pure plan, so that a small change makes a small layer.

Groups that change together come first, then every large file by itself, then the rest. Each layer stands for
itself: it holds the directories above its files.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from release.payload import Directory, Entry, File, Payload, parents

MOST: Final = 64
"""Layers at most; storage drivers stop at 127, and a base has some already."""


def plan(
    payload: Payload,
    *,
    groups: Sequence[Sequence[str]] = (),
    large: int,
    size: Callable[[File], int],
    whole_paths: bool,
) -> tuple[Payload, ...]:
    """The layers of `payload`, the lowest first; none for an empty one.

    `groups` are paths of files and directories that share a layer, `large` is bytes. With `whole_paths` every
    layer has all directories above its files; without, only those that the payload names, as an image below
    has the others, with modes that are its own.
    """
    left = {entry.path: entry for entry in payload}
    chosen: list[list[Entry]] = []
    for group in groups:
        members = [entry for entry in left.values() if _is_in(entry.path, group)]
        chosen.append(members)
        left = {path: entry for path, entry in left.items() if entry not in members}
    chosen += [[file] for file in _largest(left.values(), large, size, MOST - len(chosen) - 1)]
    alone = {entry.path for members in chosen for entry in members}
    chosen.append([entry for path, entry in left.items() if path not in alone])
    named = {entry.path: entry for entry in payload if isinstance(entry, Directory)}
    layers = (_complete(members, named) for members in chosen)
    return tuple(layer.with_parents() if whole_paths else layer for layer in layers if len(layer))


def _is_in(path: str, group: Collection[str]) -> bool:
    return path in group or any(parent in group for parent in parents(path))


def _largest(entries: Iterable[Entry], large: int, size: Callable[[File], int], most: int) -> Sequence[File]:
    """The large files, the largest where there are too many, by path."""
    sizes = {entry: size(entry) for entry in entries if isinstance(entry, File)}
    found = sorted((file for file in sizes if sizes[file] >= large), key=lambda file: -sizes[file])
    return sorted(found[: max(most, 0)], key=lambda file: file.path)


def _complete(members: Iterable[Entry], named: dict[str, Directory]) -> Payload:
    """The members with the directories above them that the payload names."""
    entries = {entry.path: entry for entry in members}
    above = {path: named[path] for member in entries for path in parents(member) if path in named}
    return Payload.of({**above, **entries}.values())
