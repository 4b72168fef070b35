from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Barrier
from typing import Final

import pytest
from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.errors import StoreError
from jesses.publish import Publication, Publisher, drive

ARTIFACT = Artifact(
    path=Path("hawk.deb"),
    kind="deb",
    name="hawk",
    component="userspace",
    version=Version(1),
    arch="x86_64",
    size=1,
    sha256="0" * 64,
)


@dataclass
class Fake:
    """Notes its calls in `calls`; it adds `grown` bytes to an artifact at each half, and fails in `broken`."""

    name: str
    calls: list[str]
    grown: int = 0
    broken: str = ""
    resumed: bool = False

    def _note(self, what: str) -> None:
        if what == self.broken:
            raise StoreError(what, fix="none")
        self.calls.append(f"{what} {self.name}")

    def _grow(self, artifacts: Sequence[Artifact]) -> tuple[Artifact, ...]:
        return tuple(replace(artifact, size=artifact.size + self.grown) for artifact in artifacts)

    def check(self, artifacts: Sequence[Artifact], *, resumed: bool = False) -> tuple[Artifact, ...]:
        self.resumed = resumed
        self._note("check")
        return self._grow(artifacts)

    def stage(self, artifacts: Sequence[Artifact]) -> tuple[Artifact, ...]:
        self._note("stage")
        return self._grow(artifacts)

    def verify(self) -> None:
        self._note("verify")

    def commit(self) -> Publication:
        self._note("commit")
        return Publication(publisher=self.name, location="", uploaded=1, present=0)


@dataclass
class Meeting(Fake):
    """Stages only while every other publisher of the meeting does."""

    barrier: Barrier = field(default_factory=lambda: Barrier(1))
    independent: Final = True

    def stage(self, artifacts: Sequence[Artifact]) -> tuple[Artifact, ...]:
        self.barrier.wait(timeout=10)
        return super().stage(artifacts)


HALVES = ["check a", "check b", "stage a", "stage b", "verify a", "verify b", "commit a", "commit b"]


def test_every_publisher_goes_through_one_half_before_any_goes_on() -> None:
    calls: list[str] = []
    publishers = (Fake("a", calls, grown=1), Fake("b", calls, grown=10))
    artifacts, publications = drive.publish(publishers, [ARTIFACT])
    assert calls == HALVES
    assert [artifact.size for artifact in artifacts] == [1 + 2 * 11]
    assert [publication.publisher for publication in publications] == ["a", "b"]


@pytest.mark.parametrize("broken", ["check", "stage", "verify"])
def test_nobody_commits_where_one_has_failed_before(broken: str) -> None:
    calls: list[str] = []
    with pytest.raises(StoreError, match=broken):
        drive.publish((Fake("a", calls), Fake("b", calls, broken=broken)), [ARTIFACT])
    assert not [call for call in calls if call.startswith("commit")]


def test_publishers_learn_that_an_earlier_run_was_interrupted() -> None:
    publisher = Fake("a", [])
    drive.check((publisher,), [ARTIFACT], resumed=True)
    assert publisher.resumed


def test_independent_publishers_stage_beside_the_others_and_give_nothing_on() -> None:
    calls: list[str] = []
    barrier = Barrier(2)
    publishers: tuple[Publisher, ...] = (
        Meeting("a", calls, grown=5, barrier=barrier),
        Meeting("b", calls, grown=5, barrier=barrier),
        Fake("c", calls, grown=1),
    )
    told: list[str] = []
    staged = drive.stage(publishers, [ARTIFACT], tell=lambda publisher: told.append(publisher.name))
    assert sorted(calls) == ["stage a", "stage b", "stage c"]
    assert sorted(told) == ["a", "b", "c"]
    assert [artifact.size for artifact in staged] == [2]


def test_a_failure_of_an_independent_one_is_a_failure() -> None:
    publishers = (Meeting("a", [], broken="stage"), Fake("b", []))
    with pytest.raises(StoreError, match="stage"):
        drive.stage(publishers, [ARTIFACT])


def test_what_is_raised_before_a_commit_stops_the_rest() -> None:
    calls: list[str] = []

    def lost(publisher: Publisher) -> None:
        if publisher.name == "b":
            raise StoreError("lost", fix="none")

    with pytest.raises(StoreError, match="lost"):
        drive.commit((Fake("a", calls), Fake("b", calls)), before_each=lost)
    assert calls == ["commit a"]
