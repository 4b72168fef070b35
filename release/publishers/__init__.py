"""Publishers: one destination kind each, in two halves, so that a crash leaves old or new, never half.

*Stage* uploads immutable things that nobody sees yet; *verify* reads back what was staged; *commit* flips the
few mutable pointers. The pipeline stages every publisher before it commits any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from release.artifact import Artifact


@dataclass(frozen=True, kw_only=True)
class Publication:
    """What one publisher made visible: a line for the report, and the lines a user copies to install it.

    `uploaded` and `present` count the objects that this run wrote and those that were there already. `objects`
    has the keys of the published artifacts in the store, by file name.
    """

    publisher: str
    location: str
    uploaded: int
    present: int
    instructions: tuple[str, ...] = ()
    objects: Mapping[str, str] = field(default_factory=dict)


class Publisher(Protocol):
    """One destination. Calls come in the order stage, verify, commit, once each, with no other in between."""

    @property
    def name(self) -> str: ...

    def stage(self, artifacts: Sequence[Artifact]) -> None:
        """Upload the immutable half.

        Raises:
            ConflictError: a name is already published with other bytes; nothing has changed by then.
            StoreError: the store failed.

        """

    def verify(self) -> None:
        """Read back what was staged; raises `StoreError` where it is not what was sent."""

    def commit(self) -> Publication:
        """Make what was staged visible, keeping what other writers have added in the meantime."""
