"""What a registry answers is read with limits, and one that hangs is given up."""

import json

import pytest
import requests

from jesses.base.documents import MOST
from jesses.base.errors import FormatError, RegistryError, ReleaseError
from jesses.image.manifest import INDEX, parse
from jesses.image.registry.auth import Credential
from jesses.image.registry.transport import SILENCE
from tests.support.fake_registry import Answer, FakeRegistry, Request, TokenServer
from tests.support.registry_bench import Bench, blob

HTML = Answer(status=200, headers={"Content-Type": "text/html; charset=utf-8"}, body=b"<html>Log in</html>")
DEEP = b"[" * 100_000
ENDLESS = b" " * (MOST + 1)


@pytest.fixture
def bench() -> Bench:
    return Bench(FakeRegistry())


def answering(bench: Bench, answer: Answer) -> None:
    bench.registry.faults.append(lambda _: answer)


@pytest.mark.parametrize("answer", [HTML, Answer(status=200, body=ENDLESS)])
def test_a_page_or_an_endless_answer_is_no_document(bench: Bench, answer: Answer) -> None:
    answering(bench, answer)
    repository = bench.repository()
    for ask in (
        lambda: repository.find_manifest("1.0.0"),
        repository.tags,
        lambda: repository.referrers(blob(b"").digest),
        lambda: repository.read_blob(blob(b"").digest),
    ):
        with pytest.raises(RegistryError, match="where a document should be") as caught:
            ask()
        assert caught.value.fix
    assert bench.clock.slept == []


@pytest.mark.parametrize("status", [404, 403, 201])
def test_an_endless_answer_to_a_write_is_not_kept(bench: Bench, status: int) -> None:
    answering(bench, Answer(status=status, body=ENDLESS))
    with pytest.raises(RegistryError, match="more than"):
        bench.repository().check_push()


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        DEEP,
        b"[]",
        b'{"tags": 5}',
        b'{"tags": "1.0.0"}',
        b'{"tags": [1]}',
        b'{"tags": {"a": 1}}',
        b"\xff",
    ],
)
def test_a_list_of_tags_that_is_none_is_an_error(bench: Bench, body: bytes) -> None:
    answering(bench, Answer(status=200, body=body))
    with pytest.raises(FormatError):
        bench.repository().tags()


def test_a_list_of_tags_without_an_end_is_given_up(bench: Bench) -> None:
    link = '</v2/example/kestrel/tags/list?last=x>; rel="next"'
    answering(bench, Answer(status=200, headers={"Link": link}, body=b'{"tags": ["x"]}'))
    with pytest.raises(RegistryError, match="does not end"):
        bench.repository().tags()


@pytest.mark.parametrize(
    "body", [b'{"manifests": 5}', b'{"manifests": [5, null]}', b'{"manifests": {"a": {}}}']
)
def test_odd_lists_of_referrers_name_nobody(bench: Bench, body: bytes) -> None:
    answering(bench, Answer(status=200, body=body))
    assert bench.repository().referrers(blob(b"").digest) == ()


@pytest.mark.parametrize("body", [DEEP, b'{"manifests": ' + DEEP, b'{"x": ' + DEEP + b"]" * len(DEEP) + b"}"])
def test_a_manifest_that_is_nested_too_deeply_is_an_error(bench: Bench, body: bytes) -> None:
    answering(bench, Answer(status=200, headers={"Content-Type": INDEX}, body=body))
    found = bench.repository().manifest("1.0.0")
    with pytest.raises(FormatError, match="is not a JSON object"):
        parse(found)


@pytest.mark.parametrize(
    "body",
    [b"<html>", DEEP, b"[]", b"{}", b'{"token": 5}', b'{"token": null}', ENDLESS, b'{"token": "a\\nb"}'],
)
def test_a_token_that_is_none_is_an_error(bench: Bench, body: bytes) -> None:
    tokens = bench.registry.tokens = TokenServer(users={"": ""}, clock=bench.clock)
    bench.registry.faults.append(
        lambda request: Answer(status=200, body=body) if request.url.startswith(tokens.realm) else None
    )
    with pytest.raises(RegistryError) as caught:
        bench.repository().tags()
    assert caught.value.fix


@pytest.mark.parametrize("life", ["soon", [1], {"a": 1}, -5, None, True, 1e300])
def test_a_token_that_lives_oddly_is_used_all_the_same(bench: Bench, life: object) -> None:
    tokens = bench.registry.tokens = TokenServer(users={"": "", "me": "x"}, clock=bench.clock)
    bench.credential = Credential(username="me", password="x")

    def odd(request: Request) -> Answer | None:
        if not request.url.startswith(tokens.realm):
            return None
        answer = tokens.answer(request)
        return Answer(status=200, body=json.dumps({**json.loads(answer.body), "expires_in": life}).encode())

    bench.registry.faults.append(odd)
    assert bench.repository().tags() == ()


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "soon"},
        {"Retry-After": "Mon, 01 Jan 99999 00:00:00 GMT"},
        {"RateLimit-Limit": "9" * 5000, "RateLimit-Remaining": "1"},
        {"OCI-Chunk-Min-Length": "9" * 5000},
    ],
)
def test_odd_headers_are_no_traceback(bench: Bench, headers: dict[str, str]) -> None:
    answering(bench, Answer(status=503, headers=headers))
    with pytest.raises(ReleaseError, match="503"):
        bench.repository().put_blob(blob(b"x"))


@pytest.mark.parametrize(("each", "tries"), [(SILENCE, 1), (SILENCE / 2, 2), (50, 3)])
def test_a_registry_that_says_nothing_is_given_up(bench: Bench, each: float, tries: int) -> None:
    def hang(_: Request) -> Answer:
        bench.clock.now += each
        raise requests.exceptions.ReadTimeout("timed out")

    bench.registry.faults.append(hang)
    with pytest.raises(RegistryError, match=r"has said nothing for \d+ seconds") as caught:
        bench.repository().has_blob(blob(b"x").digest)
    assert caught.value.fix
    assert len(bench.registry.requests) == tries


def test_an_upload_that_takes_long_and_breaks_off_is_not_silence(bench: Bench) -> None:
    def breaking(request: Request) -> Answer | None:
        if request.method == "PUT" and len(broken) < 2:
            broken.append(request)
            raise requests.exceptions.ConnectionError("reset")
        return None

    broken: list[Request] = []
    bench.registry.faults.append(breaking)
    large = blob(bytes(3 << 20))
    repository = bench.repository(chunk=1 << 20)
    repository.put_blob(large, progress=lambda *_: bench.clock.sleep(SILENCE))
    assert len(broken) == 2
    assert repository.has_blob(large.digest)
