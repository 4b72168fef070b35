"""Two channels that are suites of one APT repository."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs
from semver import Version

from jesses.channel.operations.limits import Limits
from jesses.channel.operations.opened import DAY, OpenedChannel
from jesses.channel.operations.prune import prune
from jesses.channel.operations.yank import yank
from jesses.publish.apt.metadata import ReleaseFile
from jesses.publish.apt.repository import AptRepository
from tests.support.channel_site import Make, makers, place, release
from tests.support.memory_store import NOW, MemoryStore


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with makers(tmp_path) as make:
        yield make


def suite(store: MemoryStore, name: str, *, days: float = 0) -> OpenedChannel:
    """A channel that shares the APT repository and nothing else."""
    here = place(store, name, now=NOW + days * DAY, prefix=f"{name}/")
    return replace(here, settings=structs.replace(here.settings, apt="apt", suite=name))


def packages(where: OpenedChannel) -> set[str]:
    repository: AptRepository = where.apt()
    return {stanza.version for index in repository.read().indexes.values() for stanza in index.stanzas()}


def test_suites_share_package_files_and_nothing_else(make: Make) -> None:
    store = MemoryStore()
    made = make("1.0.0")
    for name in ("stable", "next"):
        release(suite(store, name), *made)
    pool = {key for key in store.objects if key.startswith("apt/pool/")}
    assert len(pool) == 2
    for name, source in (("stable", "hawk"), ("next", "hawk-next")):
        assert packages(suite(store, name)) == {"1.0.0"}
        assert f"Suites: {name}\n" in store.objects[f"apt/{source}.sources"].decode()
    yank(suite(store, "next"), Version(1), None)
    for days in (10, 17, 24):
        prune(suite(store, "next", days=days), Limits())
    assert packages(suite(store, "next")) == set()
    assert packages(suite(store, "stable")) == {"1.0.0"}
    assert pool <= set(store.objects)
    named = ReleaseFile.parse(store.objects["apt/dists/stable/Release"]).files
    for path, digest in named.items():
        if not path.endswith("/Packages"):
            directory = path.rpartition("/")[0]
            assert f"apt/dists/stable/{directory}/by-hash/SHA256/{digest.sha256}" in store.objects
