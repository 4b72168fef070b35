"""What whoever looks is told of a push."""

from jesses.image.registry.push import ImageContent, send
from tests.support.fake_registry import Answer, FakeRegistry, Request, error
from tests.support.registry_bench import HOST, Bench, blob, image

BLOCKS = 3
LARGE = bytes(BLOCKS << 20)
Step = tuple[str, int, int]


def pushed(content: ImageContent, bench: Bench) -> list[Step]:
    steps: list[Step] = []
    send(content, bench.repository(), threads=1, progress=lambda *step: steps.append(step))
    return steps


def test_an_image_is_one_upload_by_its_name() -> None:
    content = image(LARGE, b"small")
    total = sum(each.size for each in content.blobs)
    steps = pushed(content, Bench(FakeRegistry()))
    assert {(name, size) for name, _, size in steps} == {(f"{HOST}/example/kestrel", total)}
    sent = [done for _, done, _ in steps]
    assert sent == sorted(sent)
    assert sent[-1] == total
    assert len(set(sent)) >= len(content.blobs)


def test_what_is_there_counts_as_sent() -> None:
    bench = Bench(FakeRegistry())
    bench.repository().put_blob(blob(LARGE))
    steps = pushed(image(LARGE, b"small"), bench)
    assert steps[0][1] == len(LARGE)
    assert steps[-1][1] == steps[-1][2]


def test_what_goes_out_again_after_a_failure_is_counted_once() -> None:
    bench = Bench(FakeRegistry())
    failures = [error(500, "UNKNOWN")]
    bench.registry.largest = 1 << 30

    def fail_once(request: Request) -> Answer | None:
        return failures.pop() if failures and request.method == "PUT" and request.body else None

    bench.registry.faults.append(fail_once)
    steps = pushed(image(LARGE), bench)
    assert not failures
    assert max(done for _, done, _ in steps) == steps[-1][1] == steps[-1][2]
