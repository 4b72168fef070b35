"""Where a registry may send us, and with what: not out of https, not to inner addresses, not with our password."""

import base64

import pytest

from jesses.base.errors import RegistryError
from jesses.image.registry.auth import Credential
from jesses.image.registry.transport import RegistryRequest
from tests.support.fake_registry import Answer, FakeRegistry, Fault, Request, TokenServer
from tests.support.registry_bench import HOST, Bench

NAME = "example/kestrel"
DIGEST = "sha256:" + "0" * 64
LOGIN = Credential(username="me", password="secret")
INNER = ["127.0.0.1:8080", "localhost", "169.254.169.254", "10.0.0.7", "[::1]", "2130706433"]


def bench(registry: FakeRegistry) -> Bench:
    return Bench(registry, credential=LOGIN)


def with_realm(realm: str) -> Bench:
    made = bench(FakeRegistry())
    tokens = TokenServer(users={"me": "secret"}, clock=made.clock, realm=realm)
    made.registry.tokens = tokens
    return made


def leading_to(url: str, status: int = 307) -> Fault:
    def fault(request: Request) -> Answer | None:
        return Answer(status=status, headers={"Location": url}) if "/v2/" in request.url else None

    return fault


def secrets_at(registry: FakeRegistry, host: str) -> list[str]:
    secret = base64.b64encode(b"me:secret").decode()
    return [
        request.url
        for request in registry.requests
        if request.url.split("/")[2] == host and secret in request.headers.get("Authorization", "")
    ]


def test_a_token_server_on_another_https_host_is_asked_with_the_password() -> None:
    made = with_realm("https://auth.example.org/token")
    assert made.repository().has_blob(DIGEST) is False
    assert secrets_at(made.registry, "auth.example.org")


@pytest.mark.parametrize("host", ["auth.example.org", HOST, f"{HOST}:80"])
def test_a_token_server_without_tls_gets_no_password_of_a_registry_with_it(host: str) -> None:
    made = with_realm(f"http://{host}/token")
    with pytest.raises(RegistryError, match="from https to http://") as caught:
        made.repository().has_blob(DIGEST)
    assert caught.value.fix
    assert not [request for request in made.registry.requests if request.url.startswith("http:")]


@pytest.mark.parametrize("host", INNER)
def test_a_token_server_in_an_inner_network_is_not_asked(host: str) -> None:
    made = with_realm(f"https://{host}/token")
    with pytest.raises(RegistryError, match="in an inner network"):
        made.repository().has_blob(DIGEST)
    assert {request.url.split("/")[2] for request in made.registry.requests} == {HOST}


@pytest.mark.parametrize(
    "url", [f"http://{HOST}/up", f"http://{HOST}:443/up", *(f"https://{x}/" for x in INNER)]
)
@pytest.mark.parametrize("status", [202, 307])
def test_no_upload_goes_where_it_may_not(url: str, status: int) -> None:
    made = bench(FakeRegistry(basic=("me", "secret")))
    made.registry.faults.append(
        lambda request: leading_to(url, status)(request) if request.method == "POST" else None
    )
    with pytest.raises(RegistryError, match=r"from https to http|in an inner network"):
        made.repository().check_push()
    assert {request.url.split("/v2/")[0] for request in made.registry.requests} == {f"https://{HOST}"}


def test_what_a_read_is_redirected_to_gets_no_password() -> None:
    made = bench(FakeRegistry(basic=("me", "secret")))
    made.repository().has_blob(DIGEST)
    made.registry.faults.append(leading_to("https://blobs.example.org/x"))
    with pytest.raises(RegistryError, match="has not got"):
        made.repository().read_blob(DIGEST)
    assert "https://blobs.example.org/x" in [request.url for request in made.registry.requests]
    assert secrets_at(made.registry, HOST)
    assert not secrets_at(made.registry, "blobs.example.org")


def test_the_port_that_https_has_anyway_is_the_same_origin() -> None:
    made = bench(FakeRegistry(basic=("me", "secret")))
    made.registry.faults.append(
        lambda request: (
            leading_to(f"https://{HOST}:443/v2/{NAME}/blobs/{DIGEST}")(request)
            if ":443" not in request.url
            else None
        )
    )
    assert made.repository().has_blob(DIGEST) is False


def test_an_inner_registry_may_name_inner_addresses() -> None:
    made = bench(FakeRegistry())
    made.registry.faults.append(leading_to("http://10.0.0.7/x"))
    request = RegistryRequest("GET", f"http://localhost:5000/v2/{NAME}", scopes=frozenset(), expect=[404])
    assert made.transport("localhost:5000", "http").send(request).status_code == 404


def test_redirects_in_a_circle_come_to_an_end() -> None:
    made = bench(FakeRegistry())
    made.registry.faults.append(leading_to(f"https://{HOST}/v2/again"))
    with pytest.raises(RegistryError, match="more than 5 times"):
        made.repository().read_blob(DIGEST)


def test_an_address_that_is_none_is_an_error() -> None:
    made = bench(FakeRegistry())
    made.registry.faults.append(leading_to("https://x:y/"))
    with pytest.raises(RegistryError, match="no address"):
        made.repository().read_blob(DIGEST)
