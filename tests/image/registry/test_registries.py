"""One transport and one lookup of a credential for each registry of a run."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import requests

from jesses.image.registry.auth import Credential
from jesses.image.registry.ecr import Catalog
from jesses.image.registry.reference import Reference
from jesses.image.registry.registries import Registries
from jesses.image.registry.transport import RegistryTransport


@dataclass
class Login:
    """Finds credentials, and counts how often it is asked."""

    known: dict[str, Credential] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def find(self, host: str) -> Credential | None:
        self.asked.append(host)
        return self.known.get(host)


def registries(login: Login) -> Registries:
    return Registries(session=requests.Session(), find_credential=login.find)


def reference(text: str) -> Reference:
    return Reference.parse_prefix(text)


def test_a_registry_has_one_transport_whoever_asks() -> None:
    login = Login()
    opened = registries(login)
    first = opened.transport(reference("registry.example.org/one"))
    assert opened.transport(reference("registry.example.org/two"), writes=True) is first
    other = opened.transport(reference("ghcr.io/example"))
    assert other is not first
    assert (first.host, other.host) == ("registry.example.org", "ghcr.io")
    assert login.asked == ["registry.example.org", "ghcr.io"]


def test_a_credential_that_is_not_there_is_not_looked_for_again() -> None:
    login = Login()
    opened = registries(login)
    opened.transport(reference("https://registry.example.org/one"))
    plain = opened.transport(reference("http://registry.example.org/one"))
    assert plain.url == "http://registry.example.org"
    assert login.asked == ["registry.example.org"]


def test_threads_that_ask_at_once_get_the_same_one() -> None:
    login = Login()
    opened, begin = registries(login), threading.Barrier(4)

    def ask(number: int) -> RegistryTransport:
        begin.wait()
        return opened.transport(reference(f"ghcr.io/{number}"))

    with ThreadPoolExecutor(4) as pool:
        assert len({id(found) for found in pool.map(ask, range(4))}) == 1
    assert login.asked == ["ghcr.io"]


@dataclass
class Amazon:
    """A registry of Amazon that counts the tokens it gives."""

    anonymous: bool
    tokens: int = 0

    def credential(self) -> Credential:
        self.tokens += 1
        return Credential(username="AWS", password=str(self.tokens))

    def create(self, repository: str, catalog: Catalog) -> None: ...


def test_anybody_reads_from_ecr_public_and_who_writes_asks_amazon_once() -> None:
    amazon = Amazon(anonymous=True)
    opened = Registries(
        session=requests.Session(), find_credential=lambda _: None, find_amazon=lambda _: amazon
    )
    reader = opened.transport(reference("public.ecr.aws/birds"))
    assert amazon.tokens == 0
    writer = opened.transport(reference("public.ecr.aws/birds"), writes=True)
    assert writer is opened.transport(reference("public.ecr.aws/others"), writes=True)
    assert opened.transport(reference("public.ecr.aws/others")) is reader
    assert amazon.tokens == 1


def test_a_private_registry_of_amazon_has_one_token_for_reading_and_writing() -> None:
    amazon = Amazon(anonymous=False)
    opened = Registries(
        session=requests.Session(), find_credential=lambda _: None, find_amazon=lambda _: amazon
    )
    host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/birds"
    assert opened.transport(reference(host)) is opened.transport(reference(host), writes=True)
    assert amazon.tokens == 1


def test_a_credential_of_the_user_comes_before_one_of_amazon() -> None:
    amazon, login = Amazon(anonymous=True), Login({"public.ecr.aws": Credential(username="me")})
    opened = Registries(session=requests.Session(), find_credential=login.find, find_amazon=lambda _: amazon)
    opened.transport(reference("public.ecr.aws/birds"), writes=True)
    assert (amazon.tokens, login.asked) == (0, ["public.ecr.aws"])
