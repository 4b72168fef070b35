"""Changing a repository whose indexes one pointer names: again, where another job was faster."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from jesses.base.errors import StoreError
from jesses.base.retry import attempts
from jesses.publish import Edit

SnapshotT = TypeVar("SnapshotT")
"""A repository as its pointer showed it."""
UpdateT = TypeVar("UpdateT")
"""What was written to follow a snapshot, and nobody sees yet."""
IndexesT = TypeVar("IndexesT")


class Repository(Protocol[SnapshotT, UpdateT, IndexesT]):
    """How the indexes of a repository are read and replaced."""

    @property
    def wait(self) -> Callable[[int], object]:
        """Is called with the number of a failed attempt, when another job was faster."""

    def read(self) -> SnapshotT:
        """The repository as it is.

        Raises:
            RepositoryError: it is damaged, incomplete, or another key signed it.
            StoreError: the store failed.

        """

    def prepare(self, before: SnapshotT, change: Edit[IndexesT], *, sources: str | None = None) -> UpdateT:
        """Write what `change` makes of the indexes of `before`; nobody sees it yet.

        `sources` is the digest of the files for users that the pointer is to name (None: it stays).

        Raises:
            StoreError: the store failed, or has other bytes there.

        """

    def commit(self, update: UpdateT) -> bool:
        """Let the pointer name what was prepared, all architectures at once; False where it moved meanwhile.

        Raises:
            StoreError: the store failed, or what follows the pointer was changed by others all the time.

        """

    def busy(self) -> StoreError:
        """The error for a repository that other jobs change all the time."""


def edit(
    repository: Repository[SnapshotT, UpdateT, IndexesT],
    change: Edit[IndexesT],
    *,
    sources: str | None = None,
    prepared: UpdateT | None = None,
) -> None:
    """Make what `change` gives visible; `prepared` is what was prepared already, with the same `sources`.

    Raises:
        ConflictError, RepositoryError: from `change`, and from reading.
        StoreError: the store failed, or other jobs were faster each time.

    """
    update = prepared
    for _ in attempts(repository.busy(), wait=repository.wait):
        if update is None:
            update = repository.prepare(repository.read(), change, sources=sources)
        if repository.commit(update):
            return
        update = None
