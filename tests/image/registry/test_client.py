"""The client against a well-behaved registry."""

from pathlib import Path

import pytest

from jesses.base.errors import RegistryError
from jesses.image.registry.client import referrers_tag
from jesses.image.registry.push import PushResult, check, send
from jesses.image.registry.upload import Blob
from tests.support.fake_registry import FakeRegistry
from tests.support.registry_bench import HOST, Bench, blob, image

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


def test_blobs_come_back(bench: Bench, tmp_path: Path) -> None:
    large = blob(LARGE)
    bench.repository().put_blob(large)
    assert bench.repository().read_blob(large.digest) == LARGE
    bench.repository().fetch_blob(large.digest, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == LARGE
    with pytest.raises(RegistryError, match="has not got what was asked for"):
        bench.repository().read_blob(blob(b"absent").digest)


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


def test_tags_come_in_pages(bench: Bench) -> None:
    content, repository = image(), bench.repository()
    send(content, repository)
    assert repository.tags() == ()
    wanted = tuple(f"1.0.{number}" for number in range(7))
    for tag in wanted:
        repository.put_manifest(content.documents[-1], tag)
    bench.registry.page = 3
    assert repository.tags() == wanted


@pytest.mark.parametrize("has_referrers", [True, False])
def test_referrers_come_from_the_interface_or_from_the_tag(bench: Bench, has_referrers: bool) -> None:
    bench.registry.has_referrers = has_referrers
    repository = bench.repository()
    digest = blob(b"image").digest
    assert repository.referrers(digest) == ()
    content = image()
    send(content, repository)
    if not has_referrers:
        repository.put_manifest(content.documents[-1], referrers_tag(digest))
        assert [found["digest"] for found in repository.referrers(digest)] == [content.documents[0].digest]


def test_asking_whether_we_may_push_leaves_nothing(bench: Bench) -> None:
    bench.repository().check_push()
    assert [request.method for request in bench.registry.requests] == ["POST", "DELETE"]
    assert bench.registry.uploads == {}
