import pytest

from jesses.base.errors import ConfigError, StoreError
from jesses.base.retry import attempts, keeps_changing


def test_who_succeeds_leaves_and_nothing_is_waited_for_after_that() -> None:
    waits: list[int] = []
    for attempt in attempts(keeps_changing("latest"), wait=waits.append):
        if attempt == 2:
            break
    assert waits == [0, 1]


def test_after_the_last_attempt_the_failure_is_raised_at_once() -> None:
    waits: list[int] = []
    tried: list[int] = []
    failure = ConfigError("no", fix="yes")
    with pytest.raises(ConfigError) as raised:
        tried.extend(attempts(failure, tries=3, wait=waits.append))
    assert raised.value is failure
    assert waits == [0, 1]


def test_what_keeps_changing_is_named_with_the_cure() -> None:
    error = keeps_changing("files/SHA256SUMS")
    assert isinstance(error, StoreError)
    assert str(error) == "files/SHA256SUMS keeps changing\n  fix: run again when other releases are done"
