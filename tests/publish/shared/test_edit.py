from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from jesses.base.errors import StoreError
from jesses.base.retry import TRIES, keeps_changing
from jesses.publish import Edit
from jesses.publish.shared.edit import edit


@dataclass
class Numbers:
    """A repository of `numbers`, whose pointer moves `rivals` times before a commit succeeds."""

    numbers: tuple[int, ...] = ()
    rivals: int = 0
    waits: list[int] = field(default_factory=list)

    @property
    def wait(self) -> Callable[[int], object]:
        return self.waits.append

    def read(self) -> tuple[int, ...]:
        return self.numbers

    def prepare(
        self,
        before: tuple[int, ...],
        change: Edit[tuple[int, ...]],
        *,
        sources: str | None = None,
    ) -> tuple[int, ...]:
        return change(before)

    def commit(self, update: tuple[int, ...]) -> bool:
        if self.rivals:
            self.rivals -= 1
            self.numbers = (*self.numbers, -self.rivals)
            return False
        self.numbers = update
        return True

    def busy(self) -> StoreError:
        return keeps_changing("numbers")


def test_what_was_prepared_is_made_visible_without_reading_again() -> None:
    repository = Numbers((5,))
    edit(repository, lambda there: (*there, 1), prepared=(7,))
    assert repository.numbers == (7,)


def test_what_other_jobs_added_stays() -> None:
    repository = Numbers((5,), rivals=2)
    edit(repository, lambda there: (*there, 1), prepared=(5, 1))
    assert repository.numbers == (5, -1, 0, 1)
    assert repository.waits == [0, 1]


def test_it_ends_where_other_jobs_are_faster_each_time() -> None:
    repository = Numbers(rivals=1000)
    with pytest.raises(StoreError, match="numbers keeps changing"):
        edit(repository, lambda there: (*there, 1))
    assert repository.rivals == 1000 - TRIES
