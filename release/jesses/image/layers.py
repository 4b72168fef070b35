"""Which files of an image share a layer: a pure plan, so that a small change makes a small layer.

Groups that change together come first, then every large file by itself, then the rest. Each layer stands for
itself: it holds the directories above its files.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from jesses.base.payload import Directory, Entry, File, Payload, all_parents, parents

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
        members = [left.pop(path) for path in list(left) if _is_in(path, group)]
        chosen.append(members)
    alone = _largest(left.values(), large, size, MOST - len(chosen) - 1)
    chosen += [[left.pop(file.path)] for file in alone]
    chosen.append(list(left.values()))
    named = {entry.path: entry for entry in payload if isinstance(entry, Directory)}
    layers = (_complete(members, named) for members in chosen)
    return tuple(layer.with_parents() if whole_paths else layer for layer in layers if len(layer))


def _is_in(path: str, group: Collection[str]) -> bool:
    return path in group or any(parent in group for parent in parents(path))


def _largest(entries: Iterable[Entry], large: int, size: Callable[[File], int], most: int) -> Sequence[File]:
    """The large files, the largest where there are too many, by path."""
    sized = ((size(entry), entry) for entry in entries if isinstance(entry, File))
    found = sorted((pair for pair in sized if pair[0] >= large), key=lambda pair: -pair[0])
    return sorted((file for _, file in found[: max(most, 0)]), key=lambda file: file.path)


def _complete(members: Iterable[Entry], named: dict[str, Directory]) -> Payload:
    """The members with the directories above them that the payload names."""
    entries = {entry.path: entry for entry in members}
    above = (named[path] for path in all_parents(entries.values()) if path in named)
    return Payload.sorted((*entries.values(), *(entry for entry in above if entry.path not in entries)))
