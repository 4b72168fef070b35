"""An image is pushed: what goes out, and what whoever looks is told."""

import pytest

from jesses.base.errors import RegistryError
from jesses.image.registry.push import ImageContent, PushResult, check, send
from tests.support.fake_registry import Answer, FakeRegistry, Request, error
from tests.support.registry_bench import HOST, Bench, blob, image

BLOCKS = 3
LARGE = bytes(range(256)) * 4
BLOCKS_OF_DATA = bytes(BLOCKS << 20)
Step = tuple[str, int, int]


@pytest.fixture
def bench() -> Bench:
    return Bench(FakeRegistry())


def test_an_image_is_pushed_once_and_found_by_digest_and_tag(bench: Bench) -> None:
    content, repository = image(b"one", LARGE), bench.repository()
    steps: list[tuple[str, int, int]] = []
    result = send(content, repository, progress=lambda *step: steps.append(step))
    assert result == PushResult(uploaded=5, sent=2 + 3 + len(LARGE))
    assert steps[-1] == (f"{HOST}/example/kestrel", result.sent, result.sent)
    assert bench.registry.tags == {}
    check(content, repository)
    top = content.documents[-1]
    assert repository.find_manifest("1.0") is None
    repository.put_manifest(top, "1.0")
    assert repository.manifest("1.0").data == top.data
    assert repository.tags() == ("1.0",)


def test_pushing_again_makes_one_existence_check(bench: Bench) -> None:
    content = image(b"one")
    send(content, bench.repository())
    bench.registry.requests.clear()
    assert send(content, bench.repository()) == PushResult(present=4)
    assert [request.method for request in bench.registry.requests] == ["HEAD"]


def test_only_what_changed_is_sent(bench: Bench) -> None:
    send(image(LARGE, b"one"), bench.repository())
    result = send(image(LARGE, b"two"), bench.repository())
    assert result == PushResult(uploaded=3, present=2, sent=3)


def test_what_a_registry_lost_is_noticed(bench: Bench) -> None:
    content = image(b"one")
    send(content, bench.repository())
    del bench.registry.blobs["example/kestrel", blob(b"one").digest]
    with pytest.raises(RegistryError, match=f"has not kept {blob(b'one').digest}"):
        check(content, bench.repository())


def pushed(content: ImageContent, bench: Bench) -> list[Step]:
    steps: list[Step] = []
    send(content, bench.repository(), threads=1, progress=lambda *step: steps.append(step))
    return steps


def test_an_image_is_one_upload_by_its_name() -> None:
    content = image(BLOCKS_OF_DATA, b"small")
    total = sum(each.size for each in content.blobs)
    steps = pushed(content, Bench(FakeRegistry()))
    assert {(name, size) for name, _, size in steps} == {(f"{HOST}/example/kestrel", total)}
    sent = [done for _, done, _ in steps]
    assert sent == sorted(sent)
    assert sent[-1] == total
    assert len(set(sent)) >= len(content.blobs)


def test_what_is_there_counts_as_sent() -> None:
    bench = Bench(FakeRegistry())
    bench.repository().put_blob(blob(BLOCKS_OF_DATA))
    steps = pushed(image(BLOCKS_OF_DATA, b"small"), bench)
    assert steps[0][1] == len(BLOCKS_OF_DATA)
    assert steps[-1][1] == steps[-1][2]


def test_what_goes_out_again_after_a_failure_is_counted_once() -> None:
    bench = Bench(FakeRegistry())
    failures = [error(500, "UNKNOWN")]
    bench.registry.largest = 1 << 30

    def fail_once(request: Request) -> Answer | None:
        return failures.pop() if failures and request.method == "PUT" and request.body else None

    bench.registry.faults.append(fail_once)
    steps = pushed(image(BLOCKS_OF_DATA), bench)
    assert not failures
    assert max(done for _, done, _ in steps) == steps[-1][1] == steps[-1][2]
