import pytest
from hypothesis import given
from hypothesis import strategies as st

from jesses.base.errors import ConfigError, StoreError
from jesses.base.retry import attempts, keeps_changing, retry_after


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


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3),
        ("Tue, 14 Nov 2023 22:13:30 GMT", 10),
        ("Tue, 14 Nov 2023 22:13:10 GMT", 0),
        ("", None),
        ("soon", None),
        ("NaN", None),
        ("-1", None),
        ("Mon, 01 Jan 99999 00:00:00 GMT", None),
        (f"Mon, 01 Jan {'9' * 30} 00:00:00 GMT", None),
        ("Mon, 01 Jan 2024 00:00:00 +9999", None),
    ],
)
def test_a_server_says_how_long_to_wait_or_nothing(header: str, seconds: float | None) -> None:
    assert retry_after(header, 1_700_000_000) == seconds


@given(st.text() | st.dates().map("{:%a, %d %b %Y} 00:00:00 GMT".format))
def test_any_header_is_a_wait_or_nothing(header: str) -> None:
    found = retry_after(header, 1_700_000_000)
    assert found is None or found >= 0
