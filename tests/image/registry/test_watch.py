"""Silence is counted from the last byte that moved."""

from jesses.image.registry.watch import Watch, watched
from tests.support.registry_bench import Clock


def test_each_block_ends_the_silence() -> None:
    clock = Clock()
    watch = Watch(clock=clock)
    clock.now += 5
    assert watch.silence() == 5
    body = watched(b"bytes", watch)
    assert body == b"bytes"
    for _ in watch.blocks([b"a", b"b"]):
        assert watch.silence() == 0
        clock.now += 7
    assert watch.silence() == 0


def test_a_clock_that_is_put_back_gives_no_silence() -> None:
    clock = Clock()
    watch = Watch(clock=clock)
    clock.now -= 100
    assert watch.silence() == 0
