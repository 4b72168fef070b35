import json
import time
from pathlib import Path

import pytest

from jesses.base.errors import LeaseError, StoreError
from jesses.channel.holder import Holder
from jesses.channel.target import dry_run, open_channel, snapshot, to_write, waiting
from jesses.config import Channel
from jesses.history.ci import LOCAL
from tests.channel.test_journal import KEY
from tests.support.release_bench import FIRST, SECOND, Bench, bench_in


def test_a_holder_is_told_of_once_and_waited_for_each_time() -> None:
    said: list[str] = []
    slept: list[float] = []
    wait = waiting(said.append, slept.append)
    for holder in (FIRST, FIRST, SECOND, FIRST):
        wait(holder)
    assert said == [
        "waiting: ann (process 1 on one) publishes this release; --take-over does not wait",
        "waiting: bob (process 2 on two) publishes this release; --take-over does not wait",
    ]
    assert len(slept) == 4


def test_a_snapshot_keeps_no_journal(tmp_path: Path) -> None:
    place = snapshot(tmp_path / "inside", tmp_path / "outside")
    assert place.url == (tmp_path / "outside").as_uri()
    place.journal.claim([])
    place.journal.record("planned", [])
    with place.journal.held():
        place.journal.renew()
    assert not (tmp_path / "inside").exists()


def test_a_channel_without_an_address_is_reached_as_a_file(tmp_path: Path) -> None:
    place = open_channel(Channel(store="../site"), tmp_path / "product", progress=lambda *_: None)
    assert place.url == (tmp_path / "site").as_uri()


def test_a_wrong_endpoint_is_a_clear_error(tmp_path: Path) -> None:
    channel = Channel(store="s3://bucket", endpoint="http://[", url="https://example.org")
    with pytest.raises(StoreError, match="cannot use s3://bucket"):
        open_channel(channel, tmp_path, progress=lambda *_: None)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    (tmp_path / "bench").mkdir()
    with bench_in(tmp_path / "bench") as bench:
        return bench


def test_a_dry_run_neither_waits_nor_writes(bench: Bench, tmp_path: Path) -> None:
    channel = Channel(store="site")
    place = open_channel(channel, tmp_path, progress=lambda *_: None)
    planned = dry_run(place)
    bench.release(planned.store)
    assert not (tmp_path / "site").exists()


def test_who_takes_over_replaces_a_holder_that_lives(bench: Bench, tmp_path: Path) -> None:
    channel = Channel(store="site")
    place = open_channel(channel, tmp_path, progress=lambda *_: None)
    other = Holder(run="", host="elsewhere.invalid", process="1:1", user="ann")
    theirs = bench.journal(place.store, holder=other, clock=time.time)
    theirs.claim(bench.artifacts())

    def refuse(text: str) -> None:
        raise AssertionError(text)

    def ours(*, take_over: bool) -> None:
        options = {"ci": LOCAL, "take_over": take_over, "tell": refuse}
        to_write(place, channel, bench.plan(), **options).journal.claim(bench.artifacts())  # type: ignore[arg-type]

    with pytest.raises(AssertionError, match="waiting: ann"):
        ours(take_over=False)
    ours(take_over=True)
    with pytest.raises(LeaseError):
        theirs.renew()
    assert len(json.loads((tmp_path / "site" / KEY).read_text())["history"]) == 2
