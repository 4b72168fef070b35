"""The journal: one object per release in the store that says what was published, how far it got, and by whom.

It is the memory of a release: a run that follows a crash, or another run at the same time, finds there what is
to be the same. What is in the repositories is never taken from it: those are asked themselves.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final, Literal, Protocol

from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.documents import read_object
from jesses.base.errors import ConflictError, StoreError
from jesses.base.naming import spelling
from jesses.channel import keys
from jesses.channel.holder import Holder
from jesses.channel.lease import Data, Lease, kept
from jesses.channel.records import with_other_bytes
from jesses.plan.plan import Plan
from jesses.stores import Store

Phase = Literal["planned", "staged", "verified", "committed"]
PHASES: Final[tuple[Phase, ...]] = ("planned", "staged", "verified", "committed")

_FORMAT: Final = 1


class Journal(Protocol):
    """What the steps of a release report to."""

    @property
    def resumed(self) -> bool:
        """Whether an earlier run began with this release and did not finish."""

    def claim(self, artifacts: Sequence[Artifact]) -> None:
        """Take down what is to be published, and become the one run that does.

        Raises:
            ConflictError: this release is staged already, with other bytes (before signing).

        """

    def record(self, phase: Phase, artifacts: Sequence[Artifact]) -> None:
        """Take down how far it got; raises `LeaseError` where another run has taken over."""

    def renew(self) -> None:
        """Make sure that no other run has taken over; raises `LeaseError` where one has."""

    def held(self) -> AbstractContextManager[None]:
        """Keeps the release ours while the block runs, once it is claimed."""


class NoJournal:
    """For a snapshot: it goes where nobody else writes, and is made afresh each time."""

    resumed = False

    def claim(self, artifacts: Sequence[Artifact]) -> None:
        """Nobody else can want it."""

    def record(self, phase: Phase, artifacts: Sequence[Artifact]) -> None:
        """Nobody asks."""

    def renew(self) -> None:
        """Nobody takes over."""

    def held(self) -> AbstractContextManager[None]:
        return nullcontext()


class StoredJournal:
    """The journal of `plan` in an object that `lease` guards; `clock` gives seconds since 1970 UTC."""

    def __init__(self, lease: Lease, plan: Plan, *, holder: Holder, clock: Callable[[], float]) -> None:
        self._lease = lease
        self._plan = plan
        self._holder = holder
        self._clock = clock
        self._data: Data = {}
        self._finished = False
        self.resumed = False

    def claim(self, artifacts: Sequence[Artifact]) -> None:
        self._data = self._lease.acquire(lambda found: self._claimed(found, artifacts))

    def record(self, phase: Phase, artifacts: Sequence[Artifact]) -> None:
        if self._finished:
            return
        self._data = self._entry(phase, artifacts, self._data)
        self._lease.update(self._data, release=phase == PHASES[-1])

    def renew(self) -> None:
        if not self._finished:
            self._lease.renew()

    def held(self) -> AbstractContextManager[None]:
        return kept(self._lease)

    def _claimed(self, found: Data, artifacts: Sequence[Artifact]) -> Data | None:
        recorded = {row["file"]: row["sha256"] for row in found.get("artifacts", ())}
        if was_staged(found):
            _check_same(recorded, artifacts, release_id(self._plan))
        known = all(recorded.get(artifact.path.name) == artifact.sha256 for artifact in artifacts)
        self._finished = known and found.get("phase") == PHASES[-1]
        self.resumed = bool(found) and not self._finished
        return None if self._finished else self._entry("planned", artifacts, found)

    def _entry(self, phase: Phase, artifacts: Iterable[Artifact], found: Data) -> Data:
        now = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds")
        return {
            "format": _FORMAT,
            "release": release_id(self._plan),
            "project": self._plan.project,
            "channel": self._plan.channel,
            "versions": {name: str(version.version) for name, version in self._plan.versions.items()},
            "commits": {name: version.commit.sha for name, version in self._plan.versions.items()},
            "phase": phase,
            "artifacts": _rows(artifacts, found),
            "history": [*found.get("history", ()), {"phase": phase, "at": now, "by": asdict(self._holder)}],
        }


def journals_of(
    store: Store, project: str, channel: str, component: str, version: Version
) -> Iterator[tuple[str, Data]]:
    """The journals of a channel's releases that have `version` of `component`, with their keys.

    Raises:
        StoreError: the store failed, or a journal is damaged.

    """
    part = f"{component}-{spelling.file_name(version)}"
    for listed in store.list(keys.journals_of_channel(project, channel)):
        is_of = part in keys.parts_of_journal(listed.key, project, channel)
        stored = store.get(listed.key) if is_of else None
        if stored is None:
            continue
        try:
            data: Data = read_object(stored.data)
            is_wanted = (data["channel"], data["versions"][component]) == (channel, str(version))
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{listed.key} is no journal of a release", fix="look at it, then delete it"
            ) from error
        if is_wanted:
            yield listed.key, data


def staged_digests(store: Store, plan: Plan) -> Mapping[str, str]:
    """What a run of this release has staged already: digests before signing, by file name.

    Raises:
        StoreError: the store failed.

    """
    stored = store.get(journal_key(plan))
    try:
        found: Data = read_object(stored.data) if stored else {}
        staged = was_staged(found)
        return {row["file"]: row["sha256"] for row in found["artifacts"]} if staged else {}
    except (ValueError, KeyError, TypeError):
        return {}  # claiming the release says what is wrong with it


def release_id(plan: Plan) -> str:
    """What a release is called: its channel, and each component with its version."""
    versions = sorted(plan.versions.items())
    parts = (f"{name}-{spelling.file_name(version.version)}" for name, version in versions)
    return "_".join((plan.channel or "snapshot", *parts))


def journal_key(plan: Plan) -> str:
    """Where the journal of a release lies."""
    return keys.journal(plan.project, release_id(plan))


def _check_same(recorded: Mapping[str, str], artifacts: Iterable[Artifact], release: str) -> None:
    if other := with_other_bytes(recorded, artifacts):
        raise ConflictError(
            f"{release} was published with other bytes in {', '.join(other)}",
            fix="what is published never changes: release a new version, or build from the same commit",
        )


def was_staged(found: Data) -> bool:
    """Whether any run got that far; what was only planned binds nobody."""
    return any(event["phase"] != PHASES[0] for event in found.get("history", ()))


def _rows(artifacts: Iterable[Artifact], found: Data) -> list[dict[str, Any]]:
    """The artifacts, after those of `found` that may be published and are not made any more."""
    rows = {row["file"]: row for row in found.get("artifacts", ())} if was_staged(found) else {}
    return list((rows | {artifact.path.name: _row(artifact) for artifact in artifacts}).values())


def _row(artifact: Artifact) -> dict[str, Any]:
    return {
        "file": artifact.path.name,
        "kind": artifact.kind,
        "component": artifact.component,
        "arch": artifact.arch,
        "size": artifact.size,
        "sha256": artifact.sha256,
        "signed_sha256": artifact.signed_sha256,
    }
