"""A real registry behind a proxy that fails at each request in turn: over real connections, with real timing."""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlsplit

import pytest

from jesses.base.errors import RegistryError
from jesses.image.registry.client import ImageRepository
from jesses.image.registry.network import Network, new_session
from jesses.image.registry.push import ImageContent, check, send
from jesses.image.registry.transport import RegistryTransport
from tests.engines.engines import REGISTRY, require
from tests.engines.fault_proxy import Fault, Proxy, Request, proxy_to
from tests.support.registry_bench import image

CHUNK = 1 << 16
REQUESTS = {"whole": 19, "chunks": 26}
"""Of one push: with one request for each blob, and where chunks are the most that passes."""
BLOB_WRITES = 3
FAULTS: tuple[Fault, ...] = ("500", "reset", "lost", "truncated", "spoiled")


@dataclass
class Failing:
    """Fails once, at request `number`; a body of more than `most` bytes never passes."""

    number: int
    fault: Fault
    most: float
    happened: bool = False

    def __call__(self, request: Request) -> Fault | None:
        if request.number == self.number and (self.fault != "spoiled" or request.sent):
            self.happened = True
            return self.fault
        return "413" if request.sent > self.most else None


@dataclass
class Place:
    proxy: Proxy
    names: Iterator[int] = field(default_factory=count)

    def fresh(self) -> str:
        return f"faults/image-{next(self.names)}"

    def repository(self, name: str) -> ImageRepository:
        transport = RegistryTransport(
            Network(host=urlsplit(self.proxy.url).netloc, url=self.proxy.url, session=new_session()),
            sleep=lambda _: None,
        )
        return ImageRepository(transport, name, writes=True, chunk=CHUNK)


@pytest.fixture(scope="module")
def place(registry: str) -> Iterator[Place]:
    require(REGISTRY)
    with proxy_to(f"http://{registry}") as proxy:
        yield Place(proxy)


def push(content: ImageContent, repository: ImageRepository) -> None:
    send(content, repository, threads=1)
    check(content, repository, threads=1)
    repository.put_manifest(content.documents[-1], "1.0.0")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("how", "most"), [("whole", math.inf), ("chunks", CHUNK)])
def test_a_fault_at_any_request_is_outlasted_or_named_and_no_tag_comes_early(
    place: Place, fault: Fault, how: str, most: float
) -> None:
    outlasted = 0
    for number in count(1):
        content = image(os.urandom(5 * CHUNK // 2), b"small")
        name = place.fresh()
        failing = Failing(number, fault, most)
        place.proxy.reset()
        place.proxy.fault = failing
        with suppress(RegistryError):
            push(content, place.repository(name))
            outlasted += failing.happened
        place.proxy.reset()
        if not place.repository(name).tags():
            push(content, place.repository(name))
        check(content, place.repository(name))
        assert place.repository(name).manifest("1.0.0").data == content.documents[-1].data
        if number > REQUESTS[how]:
            break
    assert not failing.happened
    # What is changed on its way is sent again where it is a blob, and an error where it is a manifest.
    assert outlasted >= BLOB_WRITES if fault == "spoiled" else outlasted == REQUESTS[how]


def test_a_list_of_tags_that_breaks_off_is_asked_for_again(place: Place) -> None:
    repository = place.repository(place.fresh())
    place.proxy.reset()
    push(image(b"layer"), repository)
    place.proxy.reset()
    place.proxy.fault = Failing(1, "truncated", math.inf)
    assert repository.tags() == ("1.0.0",)
    assert len(place.proxy.requests) == 2
