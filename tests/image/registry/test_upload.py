"""One blob, uploaded to a well-behaved registry; faults are in tests/stories/test_registry_faults.py."""

from pathlib import Path

import pytest

from jesses.image.registry.upload import Blob
from tests.support.fake_registry import FakeRegistry
from tests.support.registry_bench import Bench, blob

LARGE = bytes(range(256)) * 4


@pytest.fixture
def bench() -> Bench:
    return Bench(FakeRegistry())


def test_a_small_blob_goes_in_one_request(bench: Bench) -> None:
    assert bench.repository().put_blob(blob(b"small")) == "uploaded"
    assert [request.method for request in bench.registry.requests] == ["HEAD", "POST", "PUT"]
    assert bench.repository().has_blob(blob(b"small").digest)


def test_a_large_blob_goes_in_one_request_too_from_a_file(bench: Bench, tmp_path: Path) -> None:
    """GitHub's registry takes a range for a chunk, and refuses those above 4 MiB."""
    sent: list[tuple[str, int, int]] = []
    bench.repository(chunk=300).put_blob(in_file(tmp_path), progress=lambda *step: sent.append(step))
    [request] = [request for request in bench.registry.requests if request.body]
    assert "Content-Range" not in request.headers
    assert sent[-1] == (blob(LARGE).digest, len(LARGE), len(LARGE))
    assert bench.registry.blobs["example/kestrel", blob(LARGE).digest] == LARGE


def test_what_is_too_large_for_one_request_goes_in_chunks(bench: Bench, tmp_path: Path) -> None:
    bench.registry.largest = 500
    bench.repository(chunk=300).put_blob(in_file(tmp_path))
    ranges = [request.headers.get("Content-Range") for request in bench.registry.requests if request.body]
    assert ranges == [None, "0-299", "300-599", "600-899", "900-1023"]
    assert bench.registry.blobs["example/kestrel", blob(LARGE).digest] == LARGE


def test_a_registry_may_ask_for_larger_chunks(bench: Bench, tmp_path: Path) -> None:
    bench.registry.largest, bench.registry.least = 1000, 600
    bench.repository(chunk=300).put_blob(in_file(tmp_path))
    ranges = [request.headers.get("Content-Range") for request in bench.registry.requests if request.body]
    assert ranges == [None, "0-599", "600-1023"]


def in_file(directory: Path) -> Blob:
    (directory / "blob").write_bytes(LARGE)
    return Blob(digest=blob(LARGE).digest, size=len(LARGE), source=directory / "blob")


def test_an_empty_blob_can_be_put(bench: Bench) -> None:
    assert bench.repository().put_blob(blob(b"")) == "uploaded"


def test_a_blob_that_is_there_is_not_sent(bench: Bench) -> None:
    bench.repository().put_blob(blob(b"x"))
    bench.registry.requests.clear()
    assert bench.repository().put_blob(blob(b"x")) == "present"
    assert [request.method for request in bench.registry.requests] == ["HEAD"]


def test_a_blob_is_taken_over_from_its_origin(bench: Bench) -> None:
    bench.repository("library/debian").put_blob(blob(b"base"))
    assert bench.repository().put_blob(blob(b"base", origin="library/debian")) == "mounted"
    assert bench.repository().put_blob(blob(b"other", origin="library/debian")) == "uploaded"
