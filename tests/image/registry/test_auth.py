"""Passwords and tokens."""

import pytest

from jesses.base.errors import RegistryError
from jesses.image.registry.auth import Challenge, Credential, challenges
from jesses.image.registry.push import send
from tests.support.fake_registry import Answer, FakeRegistry, Request, TokenServer, error
from tests.support.registry_bench import Bench, Clock, blob, image

ME = Credential(username="me", password="right", source="the environment")
WRONG = Credential(username="me", password="wrong", source="the environment")


def with_tokens(**options: object) -> Bench:
    clock = Clock()
    server = TokenServer(users={"me": "right", "": ""}, clock=clock, **options)  # type: ignore[arg-type]
    return Bench(FakeRegistry(tokens=server), clock, ME)


def test_challenges_are_read() -> None:
    header = (
        'Bearer realm="https://a.example/token",service="a, b",scope="repository:x:pull,push", Basic realm=y'
    )
    assert list(challenges(header)) == [
        Challenge(
            scheme="bearer",
            parameters={
                "realm": "https://a.example/token",
                "service": "a, b",
                "scope": "repository:x:pull,push",
            },
        ),
        Challenge(scheme="basic", parameters={"realm": "y"}),
    ]


def test_a_password_is_sent_when_it_is_asked_for() -> None:
    bench = Bench(FakeRegistry(basic=("me", "right")), credential=ME)
    send(image(b"x"), bench.repository())
    with_header = ["Authorization" in request.headers for request in bench.registry.requests]
    assert with_header[0] is False
    assert all(with_header[1:])


@pytest.mark.parametrize("credential", [WRONG, None])
def test_a_wrong_password_is_named_with_where_it_comes_from(credential: Credential | None) -> None:
    bench = Bench(FakeRegistry(basic=("me", "right")), credential=credential)
    who = r"user me \(from the environment\)" if credential else "an anonymous user"
    with pytest.raises(RegistryError, match=f"registry.example.org refuses {who}") as caught:
        bench.repository().check_push()
    assert "wrong" not in str(caught.value).replace("wrong password", "")


def test_one_token_serves_a_whole_push() -> None:
    bench = with_tokens()
    send(image(*(bytes([number]) for number in range(20))), bench.repository())
    assert bench.registry.tokens
    assert len(bench.registry.tokens.tokens) == 1


def test_a_token_is_renewed_before_it_runs_out() -> None:
    bench = with_tokens(life=40)
    repository = bench.repository()
    repository.put_blob(blob(b"one"))
    bench.clock.now += 31
    bench.registry.requests.clear()
    repository.put_blob(blob(b"two"))
    assert bench.registry.tokens
    assert len(bench.registry.tokens.tokens) == 2
    assert [request.method for request in bench.registry.requests] == ["GET", "HEAD", "POST", "PUT"]


def test_a_token_that_ran_out_in_the_middle_of_a_blob_is_renewed_and_the_upload_goes_on() -> None:
    bench = with_tokens()
    server = bench.registry.tokens
    assert server

    def expire(request: Request) -> Answer | None:
        if request.headers.get("Content-Range") == "300-399":
            bench.registry.faults.clear()
            server.tokens.clear()
        return None

    bench.registry.faults.append(expire)
    bench.registry.largest = 100
    large = blob(bytes(1000))
    assert bench.repository().put_blob(large) == "uploaded"
    assert bench.registry.blobs["example/kestrel", large.digest] == bytes(1000)
    assert sum(request.headers.get("Content-Range") == "0-99" for request in bench.registry.requests) == 1
    assert len(bench.clock.slept) == 1  # before it goes in chunks


def test_a_token_without_the_right_to_push_is_told_apart_from_a_wrong_password() -> None:
    bench = with_tokens(actions=frozenset({"pull"}))
    with pytest.raises(RegistryError, match="does not allow user me"):
        bench.repository().check_push()
    bench = with_tokens()
    bench.credential = WRONG
    with pytest.raises(RegistryError, match=r"refuses user me .*incorrect username or password"):
        bench.repository().check_push()


def test_the_token_server_may_fail_for_a_while() -> None:
    bench = with_tokens()

    def busy(request: Request) -> Answer | None:
        if request.url.startswith("https://auth.example.org/") and len(bench.clock.slept) < 2:
            return error(503, "UNAVAILABLE", Retry_After="7")
        return None

    bench.registry.faults.append(busy)
    bench.repository().check_push()
    assert bench.clock.slept == [7.0, 7.0]


def test_an_identity_token_is_exchanged() -> None:
    bench = with_tokens()
    bench.credential = Credential(identity_token="secret-identity")

    def exchange(request: Request) -> Answer | None:
        if request.url.startswith("https://auth.example.org/"):
            assert request.method == "POST"
            assert b"refresh_token=secret-identity" in request.body
            assert bench.registry.tokens
            granted = frozenset({"repository:example/kestrel:push"})
            bench.registry.tokens.tokens["given"] = granted, bench.clock() + 60
            return Answer(status=200, body=b'{"access_token": "given"}')
        return None

    bench.registry.faults.append(exchange)
    bench.repository().check_push()


def test_secrets_never_show_in_what_is_printed() -> None:
    assert "right" not in repr(ME)
    assert "secret" not in repr(Credential(identity_token="secret"))


def test_where_uploads_are_redirected_to_our_token_does_not_go() -> None:
    bench = Bench(FakeRegistry(basic=("me", "right")), credential=ME)
    seen: list[str] = []

    def elsewhere(request: Request) -> Answer | None:
        if "storage.example.net" in request.url:
            seen.append(request.headers.get("Authorization", "none"))
            return Answer(status=201)
        if request.method == "POST" and "Authorization" in request.headers:
            return Answer(status=202, headers={"Location": "https://storage.example.net/upload?key=1"})
        return None

    bench.registry.faults.append(elsewhere)
    bench.repository().put_blob(blob(b"x"))
    assert seen == ["none"]
    assert bench.registry.requests[-1].url.endswith(f"?key=1&digest={blob(b'x').digest}")
