"""The client against a well-behaved registry."""

from pathlib import Path

import pytest

from jesses.base.errors import RegistryError
from jesses.image.registry.client import referrers_tag
from jesses.image.registry.push import send
from tests.support.fake_registry import FakeRegistry
from tests.support.registry_bench import Bench, blob, image

LARGE = bytes(range(256)) * 4


@pytest.fixture
def bench() -> Bench:
    return Bench(FakeRegistry())


def test_blobs_come_back(bench: Bench, tmp_path: Path) -> None:
    large = blob(LARGE)
    bench.repository().put_blob(large)
    assert bench.repository().read_blob(large.digest) == LARGE
    bench.repository().fetch_blob(large.digest, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == LARGE
    with pytest.raises(RegistryError, match="has not got what was asked for"):
        bench.repository().read_blob(blob(b"absent").digest)


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
