"""From the commits of a release to the changes that its notes name."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from jesses.config import Component
from jesses.history.notes.parse import ChangeKind, Note, commit_type, headline, release_note

_PICKED = re.compile(r"^\(cherry picked from commit ([0-9a-f]{40})\)$", re.MULTILINE)
_NUMBER = re.compile(r"\s*\(#(\d+)\)$")
_OURS = "release"


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """One commit that is no merge; `paths` are relative to the product's directory."""

    sha: str
    message: str
    author: str
    email: str
    date: int
    paths: tuple[str, ...]

    @property
    def origin(self) -> str:
        """The commit that this one was cherry-picked from (`git cherry-pick -x`), or the commit itself."""
        picked = _PICKED.findall(self.message)
        return str(picked[0]) if picked else self.sha


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """A merged pull request, as far as notes need it."""

    number: int
    title: str
    body: str
    author: str
    url: str
    author_url: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """One line of the notes. `author` is a login where a pull request says it, a name otherwise."""

    kind: ChangeKind
    text: str
    author: str
    author_url: str = ""
    number: int | None = None
    url: str = ""


def changes_in(
    contributions: Iterable[Contribution], pulls: Mapping[str, PullRequest], *, released: frozenset[str]
) -> tuple[Change, ...]:
    """The changes of `contributions`, oldest first: each pull request once, and each commit that has none.

    `pulls` finds the pull request of a commit (of its origin, for one that was cherry-picked). `released` are
    commits that an earlier release holds under another name, since they were backported.
    """
    changes: list[Change] = []
    seen: set[int | str] = set()
    for contribution in contributions:
        if contribution.sha in released or commit_type(contribution.message) == _OURS:
            continue
        pull = pulls.get(contribution.origin)
        key = pull.number if pull else contribution.origin
        if key not in seen:
            seen.add(key)
            changes += _of_pull(pull) if pull else _of_commit(contribution)
    return tuple(changes)


def _of_pull(pull: PullRequest) -> Iterator[Change]:
    for note in _told(release_note(pull.body), pull.title):
        yield Change(
            kind=note.kind,
            text=note.text,
            author=f"@{pull.author}",
            author_url=pull.author_url,
            number=pull.number,
            url=pull.url,
        )


def _of_commit(contribution: Contribution) -> Iterator[Change]:
    for note in _told(release_note(contribution.message), contribution.message):
        number = _NUMBER.search(note.text)
        yield Change(
            kind=note.kind,
            text=note.text[: number.start()] if number else note.text,
            author=contribution.author,
            number=int(number[1]) if number else None,
        )


def _told(notes: tuple[Note, ...] | None, fallback: str) -> tuple[Note, ...]:
    """What a block says; the headline where there is no block, and under `other` where it says NONE."""
    if notes is None:
        return (headline(fallback),)
    return notes or (Note(kind="other", text=headline(fallback).text),)


def of_component(
    contributions: Iterable[Contribution], name: str, components: Mapping[str, Component]
) -> tuple[Contribution, ...]:
    """The contributions that touch a component.

    A component without paths has everything that does not lie wholly within the paths of others.
    """
    own = components[name].paths
    foreign = [path for component in components.values() for path in component.paths]

    def belongs(contribution: Contribution) -> bool:
        if own:
            return any(_within(path, own) for path in contribution.paths)
        return not contribution.paths or any(not _within(path, foreign) for path in contribution.paths)

    return tuple(filter(belongs, contributions))


def newcomers(
    contributions: Iterable[Contribution], pulls: Mapping[str, PullRequest], known: frozenset[str]
) -> tuple[str, ...]:
    """Who contributes for the first time, in order: `known` are the addresses of earlier authors."""
    names: dict[str, None] = {}
    for contribution in contributions:
        if contribution.email.lower() not in known and commit_type(contribution.message) != _OURS:
            pull = pulls.get(contribution.origin)
            names[f"@{pull.author}" if pull else contribution.author] = None
    return tuple(names)


def _within(path: str, directories: Iterable[str]) -> bool:
    return any(
        directory in {".", path} or path.startswith(f"{directory.rstrip('/')}/") for directory in directories
    )
