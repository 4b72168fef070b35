"""Indexes that grew and shrank, in the hands of apt: it reads every stanza back."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from jesses.package.compression.incremental import PIECE
from jesses.publish.apt import index
from jesses.publish.apt.index import Index, Stanza
from jesses.publish.apt.metadata import sources
from jesses.publish.apt.repository import AptRepository
from jesses.publish.shared.edit import edit
from jesses.publish.shared.objects import RepositoryObjects
from jesses.stores.directory import DirectoryStore
from tests.engines.apt_client import AptClient
from tests.engines.engines import DEBIAN_ROOT, require
from tests.support.apt_site import SIGNER


def stanza(number: int) -> Stanza:
    control = f"Package: kestrel\nVersion: 0.{number}.0\nArchitecture: amd64\nDescription: {'x' * 300}\n"
    return Stanza.of(control, filename="pool/none.deb", size=1, sha256=f"{number:064x}")


def grown(start: int, indexes: Mapping[str, Index]) -> dict[str, Index]:
    return index.add(indexes, [stanza(number) for number in range(start, start + 1000)])


@pytest.mark.parametrize("form", ["xz", "gz"])
@pytest.mark.parametrize("by_hash", ["yes", "no"])
def test_apt_reads_every_stanza_of_an_index_that_grew(
    tmp_path: Path, http_site: Callable[[Path], str], form: str, by_hash: str
) -> None:
    require(DEBIAN_ROOT)
    site = tmp_path / "site"
    site.mkdir()
    repository = AptRepository(
        objects=RepositoryObjects(DirectoryStore(site), "apt"),
        suite="stable",
        origin="kestrel",
        signer=SIGNER,
        clock=time.time,
    )
    for start in (0, 1000, 2000):
        edit(repository, partial(grown, start))
    edit(repository, lambda indexes: index.remove(indexes, [stanza(0).identity, stanza(1500).identity]))
    assert len(repository.read().indexes["amd64"].text) > 4 * PIECE
    source = sources(url=f"{http_site(site)}/apt", suite="stable", component="main", key="/key")
    client = AptClient.new(tmp_path / "client", source, SIGNER.public_key)
    client.update(f"Acquire::CompressionTypes::Order::={form}", f"Acquire::By-Hash={by_hash}")
    assert client.versions("kestrel") == {f"0.{n}.0" for n in range(3000) if n not in {0, 1500}}
