"""A repository in memory that answers what `jesses.history.git_history.History` asks, by the plainest means."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from jesses.history.git_history import Branches, Commit, Logged


@dataclass(frozen=True, kw_only=True)
class _Node:
    number: int
    parents: tuple[str, ...]
    files: Mapping[str, str]
    message: str


@dataclass
class FakeHistory:
    """Commits `0000001...`, `0000002...` and so on, made as with git: change, switch, merge, tag."""

    nodes: dict[str, _Node] = field(default_factory=dict)
    tips: dict[str, str] = field(default_factory=dict)
    tagged: dict[str, str] = field(default_factory=dict)
    at: str = ""
    on: str | None = "main"
    dirty: frozenset[str] = frozenset()
    remote_tags: bool = False
    told_no_tags: bool = False

    # Making

    def change(self, *names: str, message: str = "change", **contracts: str) -> str:
        """Commit a change of files by `names`, and contracts by their file names: `API_VERSION="1.0.0"`."""
        files = {name: f"{name} {len(self.nodes)}" for name in names}
        files |= {f"driver/{name}": f"{text}\n" for name, text in contracts.items()}
        return self._add((self.at,) if self.at else (), {**self._files(self.at), **files}, message)

    def switch(self, branch: str, *, create: bool = False) -> None:
        self.at, self.on = self.at if create else self.tips[branch], branch
        self.tips[branch] = self.at

    def detach(self, sha: str) -> None:
        self.at, self.on = sha, None

    def merge(self, branch: str) -> str:
        """A merge commit, in which what `branch` changed since the fork wins."""
        other = self.tips[branch]
        fork = self._files(self.merge_base(self.at, other) or "")
        changes = {name: text for name, text in self._files(other).items() if fork.get(name) != text}
        return self._add((self.at, other), {**self._files(self.at), **changes}, f"Merge {branch}")

    def tag(self, *names: str) -> None:
        self.tagged |= dict.fromkeys(names, self.at)

    def _add(self, parents: tuple[str, ...], files: Mapping[str, str], message: str) -> str:
        number = len(self.nodes) + 1
        self.at = f"{number:07d}" + "0" * 33
        self.nodes[self.at] = _Node(number=number, parents=parents, files=files, message=message)
        if self.on:
            self.tips[self.on] = self.at
        return self.at

    # Answering

    def head(self) -> Commit:
        return self._commit(self.at)

    def branch(self) -> str | None:
        return self.on

    def branches(self) -> Branches:
        holding = frozenset(name for name, tip in self.tips.items() if self.at in self._reachable(tip))
        return Branches(known=frozenset(self.tips), holding=holding, default="main")

    def commit(self, revision: str) -> Commit:
        return self._commit(revision)

    def tags(self) -> Mapping[str, str]:
        return self.tagged

    def leaves_tags_out(self) -> bool:
        return self.told_no_tags

    def remote_has_tags(self) -> bool:
        return self.remote_tags

    def apart(self, one: str, other: str) -> tuple[int, int]:
        left, right = self._reachable(one), self._reachable(other)
        return len(left - right), len(right - left)

    def count(self, *, since: str | None, until: str) -> int:
        return len(self._reachable(until) - (self._reachable(since) if since else set()))

    def merge_base(self, one: str, other: str) -> str | None:
        shared = self._reachable(one) & self._reachable(other)
        return max(shared, key=lambda sha: self.nodes[sha].number, default=None)

    def merged(self, tags: Sequence[str]) -> frozenset[str]:
        held = self._reachable(self.at)
        return frozenset(tag for tag in tags if self.tagged[tag] in held)

    def tags_holding_head(self) -> frozenset[str]:
        return frozenset(tag for tag, sha in self.tagged.items() if self.at in self._reachable(sha))

    def last_touching(self, paths: Sequence[str], *, until: str) -> Commit | None:
        sha = until
        while sha:
            parent = next(iter(self.nodes[sha].parents), "")
            if _below(paths, self._files(sha)) != _below(paths, self._files(parent)):
                return self._commit(sha)
            sha = parent
        return None

    def changed(self, paths: Sequence[str], *, since: str, until: str) -> Sequence[str]:
        before, after = _below(paths, self._files(since)), _below(paths, self._files(until))
        return sorted(name for name in before | after if before.get(name) != after.get(name))

    def log(self, paths: Sequence[str], *, since: str, until: str) -> Sequence[Logged]:
        new = sorted(self._reachable(until) - self._reachable(since), reverse=True)
        return [
            Logged(sha=sha, message=self.nodes[sha].message)
            for sha in new
            if len(self.nodes[sha].parents) < 2 and (not paths or self._touches(sha, paths))
        ]

    def read(self, files: Iterable[tuple[str, str]]) -> Sequence[str | None]:
        return [self._files(commit).get(path) for commit, path in files]

    def is_dirty(self, paths: Sequence[str] = ()) -> bool:
        return bool(_below(paths, dict.fromkeys(self.dirty, "")))

    def _commit(self, sha: str) -> Commit:
        return Commit(sha=sha, date=1_700_000_000 + self.nodes[sha].number)

    def _files(self, sha: str) -> Mapping[str, str]:
        return self.nodes[sha].files if sha else {}

    def _touches(self, sha: str, paths: Sequence[str]) -> bool:
        parent = next(iter(self.nodes[sha].parents), "")
        return _below(paths, self._files(sha)) != _below(paths, self._files(parent))

    def _reachable(self, sha: str) -> set[str]:
        found, waiting = set(), [sha] if sha else []
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting += self.nodes[current].parents
        return found


def _below(paths: Sequence[str], files: Mapping[str, str]) -> dict[str, str]:
    return {
        name: text
        for name, text in files.items()
        if not paths or any(name == path or name.startswith(f"{path}/") for path in paths)
    }
