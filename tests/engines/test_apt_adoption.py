"""APT repositories of other tools, continued: nothing is lost, and clients that know them notice nothing."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from pysequoia import Tsk
from semver import Version

from jesses.base.artifact import Artifact
from jesses.channel.operations import unrecorded
from jesses.channel.operations.yank import yank
from jesses.publish.apt.index import Index
from jesses.publish.apt.publisher import apt_publisher
from jesses.publish.shared.decompress import decompress
from jesses.publish.shared.settings import RepositorySettings
from jesses.signing import openpgp_key
from jesses.signing.openpgp import OpenPgpSigner
from jesses.stores.directory import DirectoryStore
from tests.engines import apt_makers
from tests.engines.apt_client import AptClient
from tests.engines.apt_makers import Bench, Maker
from tests.engines.engines import APT_MAKERS, require
from tests.support.apt_site import Make, deb_maker
from tests.support.channel_site import place

MAKERS: dict[str, Maker] = {
    "aptly": apt_makers.aptly,
    "reprepro": apt_makers.reprepro,
    "falco": apt_makers.falco,
    "ftparchive": apt_makers.ftparchive,
    "ftparchive-bare": partial(apt_makers.ftparchive, release=()),
    "ftparchive-detached": partial(apt_makers.ftparchive, sign=("Release.gpg",), forms=("", ".xz")),
    "ftparchive-unsigned": partial(apt_makers.ftparchive, sign=(), forms=("", ".bz2")),
    "ftparchive-zst": partial(apt_makers.ftparchive, forms=("", ".zst")),
    "ftparchive-lzma": partial(apt_makers.ftparchive, forms=("", ".lzma")),
}


@pytest.fixture(scope="module")
def secret() -> str:
    return str(openpgp_key.generate("Hawk <hawk@example.org>"))


@pytest.fixture(scope="module")
def signer(secret: str) -> OpenPgpSigner:
    return OpenPgpSigner(Tsk.from_bytes(secret.encode()))


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    with deb_maker(tmp_path_factory.mktemp("debs")) as make:
        yield make


@pytest.fixture
def bench(tmp_path: Path, secret: str, signer: OpenPgpSigner) -> Iterator[Bench]:
    require(APT_MAKERS)
    with apt_makers.bench(tmp_path / "site", secret, signer.fingerprint) as bench:
        yield bench


def publish(bench: Bench, signer: OpenPgpSigner, url: str, *artifacts: Artifact) -> None:
    apt = apt_publisher(
        RepositorySettings(
            store=DirectoryStore(bench.root.parent),
            prefix="apt",
            url=url,
            name="kestrel",
            signer=signer,
            clock=time.time,
        )
    )
    apt.stage(apt.check(artifacts))
    apt.verify()
    apt.commit()


def index(
    bench: Bench, arch: str, forms: Sequence[str] = ("", ".gz", ".xz", ".bz2", ".zst", ".lzma")
) -> bytes:
    directory = bench.root / f"dists/stable/main/binary-{arch}"
    found = next(path for form in forms if (path := directory / f"Packages{form}").exists())
    return decompress(found.read_bytes(), str(found))


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_a_repository_of_another_tool_is_continued(
    bench: Bench,
    maker: Maker,
    make: Make,
    signer: OpenPgpSigner,
    http_site: Callable[[Path], str],
    tmp_path: Path,
) -> None:
    old = [make(), make(arch="aarch64"), make("kestrel-dkms", arch="noarch"), make("falcon", "0.1.0")]
    maker(bench, [artifact.path for artifact in old])
    for path in bench.root.rglob("*"):
        # A web server says "not modified" within the second.
        os.utime(path, (time.time() - 60, time.time() - 60))
    before = {arch: index(bench, arch) for arch in apt_makers.ARCHS}
    files = {path: path.read_bytes() for path in bench.root.rglob("*.deb")}
    url = f"{http_site(bench.root.parent)}/apt"
    source = f"Types: deb\nURIs: {url}\nSuites: stable\nComponents: main\n"
    signed = (bench.root / "dists/stable/InRelease").exists() or (
        bench.root / "dists/stable/Release.gpg"
    ).exists()
    clients = {
        by_hash: AptClient.new(tmp_path / by_hash, source, signer.public_key) for by_hash in ("yes", "no")
    }
    if signed:
        for by_hash, client in clients.items():
            client.update(f"Acquire::By-Hash={by_hash}")
            client.install("falcon")

    publish(bench, signer, url, make(version="2.0.0"), make(version="2.0.0", arch="aarch64"))

    for arch in apt_makers.ARCHS:
        after = index(bench, arch, (".xz",))
        assert after.startswith(before[arch])
        assert index(bench, arch, (".gz",)) == after
        added = list(Index(text=after[len(before[arch]) :]).stanzas())
        assert [(stanza.package, stanza.version, stanza.architecture) for stanza in added] == [
            ("kestrel", "2.0.0", arch)
        ]
    assert all(path.read_bytes() == data for path, data in files.items())
    for by_hash, client in clients.items():
        client.update(f"Acquire::By-Hash={by_hash}")
        assert client.versions("kestrel") == {"1.0.0", "2.0.0"}
        client.install("kestrel=1.0.0", "kestrel-dkms", "falcon")
        client.install("kestrel")
        assert client.installed() == {("kestrel", "2.0.0"), ("kestrel-dkms", "1.0.0"), ("falcon", "0.1.0")}

    where = replace(
        place(DirectoryStore(bench.root.parent), signer=signer, url=url.removesuffix("/apt")), clock=time.time
    )
    unrecorded.note(where, {"kestrel": "agent"}, Version(1), None)
    yank(where, Version(1), None)
    for path in (bench.root / "dists/stable").iterdir():
        os.utime(path, (time.time() + 60, time.time() + 60))
    for by_hash, client in clients.items():
        client.update(f"Acquire::By-Hash={by_hash}")
        assert client.versions("kestrel") == {"2.0.0"}
        assert client.versions("kestrel-dkms") == {"1.0.0"}
