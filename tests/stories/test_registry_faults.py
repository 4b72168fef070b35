"""A registry that misbehaves on purpose: each fault ends in success or in an error that says what to do."""

from collections.abc import Callable

import pytest
import requests

from jesses.base.errors import RegistryError
from jesses.image.registry.push import send
from jesses.image.registry.transport import LONGEST_WAIT, TRIES
from tests.support.fake_registry import Answer, FakeRegistry, Request, error
from tests.support.registry_bench import Bench, blob, image

CONTENT = image(b"layer one", b"layer two")


@pytest.fixture
def bench() -> Bench:
    return Bench(FakeRegistry())


def reset(request: Request) -> Answer:
    raise requests.exceptions.ConnectionError("Connection reset by peer")


def slow(request: Request) -> Answer:
    raise requests.exceptions.ReadTimeout("timed out")


FAULTS: dict[str, Callable[[Request], Answer]] = {
    "429": lambda _: error(429, "TOOMANYREQUESTS"),
    "500": lambda _: Answer(status=500),
    "503": lambda _: Answer(status=503),
    "reset": reset,
    "timeout": slow,
}


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "GET"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_passes_is_outlasted(bench: Bench, fault: str, method: str) -> None:
    left = [FAULTS[fault]] * 2

    def once(request: Request) -> Answer | None:
        return left.pop()(request) if left and request.method == method else None

    bench.registry.faults.append(once)
    repository = bench.repository()
    send(CONTENT, repository)
    assert repository.manifest(CONTENT.documents[-1].digest).data == CONTENT.documents[-1].data
    assert not left
    assert len(bench.clock.slept) == 2
    assert len(bench.notes) == 2


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_stays_ends_the_push_before_any_tag(bench: Bench, fault: str, method: str) -> None:
    bench.registry.faults.append(lambda request: FAULTS[fault](request) if request.method == method else None)
    with pytest.raises(RegistryError, match=f"failed {TRIES} times, at last with"):
        send(image(b"only"), bench.repository(), threads=1)
    assert bench.registry.tags == {}


def test_the_registry_says_how_long_to_wait(bench: Bench) -> None:
    answers = [
        error(429, "TOOMANYREQUESTS", Retry_After="11"),
        error(429, "TOOMANYREQUESTS", Retry_After="13"),
    ]
    bench.registry.faults.append(lambda _: answers.pop() if answers else None)
    bench.repository().check_push()
    assert bench.clock.slept == [13.0, 11.0]
    assert bench.notes[0] == "registry.example.org: 429; trying again in 13 s"


def test_a_registry_that_wants_a_long_pause_gets_it(bench: Bench) -> None:
    bench.registry.faults.append(
        lambda _: error(429, "TOOMANYREQUESTS", Retry_After=f"{LONGEST_WAIT + 1:.0f}")
    )
    with pytest.raises(RegistryError, match="asks to be left alone for 301 seconds"):
        bench.repository().check_push()
    assert bench.clock.slept == []


def test_an_upload_goes_on_where_it_broke_off(bench: Bench) -> None:
    data = bytes(1000)

    def break_in_the_middle(request: Request) -> Answer | None:
        if request.headers.get("Content-Range") == "300-399":
            bench.registry.faults.clear()
            *_, session = bench.registry.uploads
            bench.registry.uploads[session] += request.body[:37]
            return reset(request)
        return None

    bench.registry.faults.append(break_in_the_middle)
    bench.registry.largest = 100
    assert bench.repository().put_blob(blob(data)) == "uploaded"
    assert bench.registry.blobs["example/kestrel", blob(data).digest] == data
    ranges = [request.headers.get("Content-Range") for request in bench.registry.requests if request.body]
    assert ranges[4:6] == ["300-399", "337-436"]


def test_an_upload_that_the_registry_forgot_begins_anew(bench: Bench) -> None:
    def forget(request: Request) -> Answer | None:
        if request.headers.get("Content-Range") == "300-399":
            bench.registry.faults.clear()
            bench.registry.uploads.clear()
        return None

    bench.registry.faults.append(forget)
    bench.registry.largest = 100
    assert bench.repository().put_blob(blob(bytes(1000))) == "uploaded"


def test_what_has_arrived_of_one_request_is_not_sent_again(bench: Bench) -> None:
    def break_in_the_middle(request: Request) -> Answer | None:
        if request.method == "PUT":
            bench.registry.faults.clear()
            [session] = bench.registry.uploads
            bench.registry.uploads[session] += request.body[:950]
            return reset(request)
        return None

    bench.registry.faults.append(break_in_the_middle)
    assert bench.repository().put_blob(blob(bytes(1000))) == "uploaded"
    ranges = [request.headers.get("Content-Range") for request in bench.registry.requests if request.body]
    assert ranges == [None, "950-999"]


def test_a_registry_that_takes_no_chunks_gets_the_blob_whole_again(bench: Bench) -> None:
    bench.registry.takes_chunks = False

    def break_once(request: Request) -> Answer | None:
        if request.method == "PUT":
            bench.registry.faults.clear()
            return reset(request)
        return None

    bench.registry.faults.append(break_once)
    assert bench.repository().put_blob(blob(bytes(1000))) == "uploaded"
    ranges = [request.headers.get("Content-Range") for request in bench.registry.requests if request.body]
    assert ranges == [None, "0-99", None]


def test_a_blob_that_arrived_before_the_answer_was_lost_is_not_sent_again(bench: Bench) -> None:
    def lose_the_answer(request: Request) -> Answer | None:
        if request.method == "PUT":
            bench.registry.faults.clear()
            session = request.path.rpartition("/")[2]
            bench.registry._upload(request, "example/kestrel", session)
            return reset(request)
        return None

    bench.registry.faults.append(lose_the_answer)
    assert bench.repository().put_blob(blob(b"x")) == "uploaded"
    assert bench.registry.count("PUT") == 1


def test_bytes_that_change_on_their_way_are_noticed(bench: Bench) -> None:
    bench.registry.faults.append(
        lambda request: error(400, "DIGEST_INVALID") if request.method == "PUT" else None
    )
    with pytest.raises(RegistryError, match="DIGEST_INVALID"):
        bench.repository().put_blob(blob(b"x"))


@pytest.mark.parametrize("what", ["blob", "manifest"])
def test_a_registry_that_stores_something_else_is_not_trusted(bench: Bench, what: str) -> None:
    def lie(request: Request) -> Answer | None:
        wrong = {"Docker-Content-Digest": f"sha256:{'0' * 64}"}
        return Answer(status=201, headers=wrong) if request.method == "PUT" else None

    bench.registry.faults.append(lie)
    repository = bench.repository()
    put: dict[str, Callable[[], object]] = {
        "blob": lambda: repository.put_blob(blob(b"x")),
        "manifest": lambda: repository.put_manifest(CONTENT.documents[0]),
    }
    with pytest.raises(RegistryError, match=f"stored sha256:{'0' * 64} where"):
        put[what]()


def test_a_registry_that_gives_other_bytes_is_not_trusted(bench: Bench) -> None:
    repository = bench.repository()
    send(CONTENT, repository)
    digest = CONTENT.documents[0].digest
    bench.registry.blobs["example/kestrel", blob(b"layer one").digest] = b"layer 1"
    bench.registry.manifests["example/kestrel", digest] = ("x", b"{}")
    with pytest.raises(RegistryError, match="other bytes"):
        repository.read_blob(blob(b"layer one").digest)
    with pytest.raises(RegistryError, match="other bytes"):
        repository.manifest(digest)


def test_what_is_forbidden_is_said_at_once(bench: Bench) -> None:
    bench.registry.faults.append(lambda _: error(403, "DENIED", "not yours"))
    with pytest.raises(RegistryError, match=r"does not allow an anonymous user: .*DENIED not yours"):
        bench.repository().check_push()
    assert bench.clock.slept == []


def test_a_repository_that_is_missing_is_said_at_once(bench: Bench) -> None:
    bench.registry.faults.append(lambda _: error(404, "NAME_UNKNOWN", "no such repository"))
    with pytest.raises(RegistryError, match="NAME_UNKNOWN no such repository") as caught:
        bench.repository().check_push()
    assert "create the repository" in caught.value.fix


def test_what_is_left_of_the_rate_limit_is_read(bench: Bench) -> None:
    headers = {"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "93;w=21600"}
    bench.registry.faults.append(lambda _: Answer(status=200, headers=headers))
    repository = bench.repository()
    repository.has_manifest("latest")
    assert str(repository.transport.rate_limit) == "93 of 100 pulls left in 6 h"
