"""Publishers: one destination kind each, in two halves, so that a crash leaves old or new, never half.

*Check* asks what is there already; *stage* uploads immutable things that nobody sees yet; *verify* makes sure of
what was staged; *commit* flips the few mutable pointers. The pipeline takes every publisher through each before
any goes on to the next.

Decisions: docs/decisions/publish.md
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar, runtime_checkable

from jesses.base.artifact import Artifact

T = TypeVar("T")

Edit = Callable[[T], T]
"""Gives the new of the old; called again with what is there then, where another writer was faster."""

HoldLease = Callable[[], AbstractContextManager[object]]
"""Holds the lease of a channel while the block runs: no other release moves its pointers meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Publication:
    """What one publisher made visible: a line for the report, and the lines a user copies to install it.

    `uploaded` and `present` count the objects that this run wrote and those that were there already.
    `pointers` are the keys of the mutable objects that users read, changed by this run or not; `objects` those of
    the published artifacts, by file name.
    """

    publisher: str
    location: str
    uploaded: int
    present: int
    instructions: tuple[str, ...] = ()
    pointers: tuple[str, ...] = ()
    objects: Mapping[str, str] = field(default_factory=dict)


class Publisher(Protocol):
    """One destination. Calls come in the order check, stage, verify, commit, once each."""

    @property
    def name(self) -> str: ...

    def check(self, artifacts: Sequence[Artifact], *, resumed: bool = False) -> tuple[Artifact, ...]:
        """Ask what is published already, and change nothing there.

        Where an earlier run of this release was interrupted (`resumed`), what it staged is looked for too.

        Gives all the artifacts back. One that is published with a signature inside becomes what is published:
        its file is replaced, so that nothing is signed twice.

        Raises:
            ConflictError: a name is published with other bytes (before signing).
            RepositoryError: what is there is damaged, or not ours to change.
            StoreError: the store failed.

        """

    def stage(self, artifacts: Sequence[Artifact]) -> tuple[Artifact, ...]:
        """Upload the immutable half of what was checked.

        Gives all the artifacts back as they are published: where another job's signed bytes came first, those.

        Raises:
            ConflictError: another job has published a name with other bytes since the check.
            StoreError: the store failed.

        """

    def verify(self) -> None:
        """Make sure of what was staged; raises `StoreError` where something is not what it should be.

        A write compares digests by itself: what it has said to be there is not asked for again.
        """

    def commit(self) -> Publication:
        """Make what was staged visible, keeping what other writers have added in the meantime."""


@runtime_checkable
class Independent(Protocol):
    """A publisher that needs no other's result: it stages and verifies while others do, on a thread of its own."""

    @property
    def independent(self) -> Literal[True]: ...
