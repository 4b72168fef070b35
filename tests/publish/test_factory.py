from pathlib import Path

import pytest

from jesses.base.artifact import Artifact
from jesses.config import Channel, Config
from jesses.publish.factory import publishers_for
from tests.support.apt_site import SIGNER, by_hash_client, deb_maker
from tests.support.memory_store import MemoryStore
from tests.support.release_bench import NOW, PROJECT
from tests.support.yum_client import mirror_client, packages_in

PLAIN = (
    "apt/dists/stable/Release",
    "apt/dists/stable/main/binary-amd64/Packages.gz",
    "yum/repodata/repomd.xml",
)


@pytest.mark.parametrize("copies", [True, False])
def test_a_channel_says_whether_old_clients_are_served(tmp_path: Path, *, copies: bool) -> None:
    store = MemoryStore()
    for name in ("debs", "rpms"):
        (tmp_path / name).mkdir()
    with deb_maker(tmp_path / "debs") as deb, packages_in(tmp_path / "rpms") as rpm:
        artifacts: tuple[Artifact, ...] = (deb(), rpm(signer=SIGNER))
        for publisher in publishers_for(
            Config(project=PROJECT, components={}),
            Channel(store="x", plain_copies=copies),
            store=store,
            url="https://example.org",
            signer=SIGNER,
            clock=lambda: NOW,
        ):
            artifacts = publisher.stage(publisher.check(artifacts))
            publisher.commit()
    assert [key in store.objects for key in PLAIN] == [copies] * len(PLAIN)
    assert by_hash_client(store)["amd64"] == {("kestrel", "1.0.0", "amd64")}
    assert mirror_client(store, SIGNER) == {("kestrel", "1.0.0", "x86_64")}
    assert (b"baseurl" in store.objects["yum/kestrel.repo"]) == copies
