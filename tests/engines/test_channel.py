"""Yank, promote, prune and a change of keys, as apt and dnf see them, with every check on."""

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pysequoia import CipherSuite
from semver import Version

from jesses.base.artifact import Artifact
from jesses.channel.operations.limits import Limits
from jesses.channel.operations.opened import DAY, OpenedChannel
from jesses.channel.operations.promote import promote
from jesses.channel.operations.prune import prune
from jesses.channel.operations.yank import find, yank
from jesses.publish.factory import publishers_for
from jesses.signing import Signer, openpgp_key
from jesses.signing.openpgp import OpenPgpSigner
from jesses.signing.rotation import Rotation
from jesses.stores.directory import DirectoryStore
from jesses.stores.s3 import S3Store
from tests.engines import s3_services
from tests.engines.apt_client import AptClient
from tests.engines.rpm_root import RpmRoot
from tests.support.channel_site import CONFIG, makers, place, release

NAME = "hawk-userspace"
V1, V2 = Version(1), Version(2)


def new_key(name: str) -> OpenPgpSigner:
    made = openpgp_key.generate(f"{name} <k@example.org>", suite=CipherSuite.RSA2k)
    return OpenPgpSigner(made)


@pytest.fixture(scope="module")
def keys() -> tuple[OpenPgpSigner, OpenPgpSigner]:
    return new_key("Old"), new_key("New")


@dataclass(frozen=True, kw_only=True)
class Site:
    """A site on loopback with a channel; what it publishes is made in `made`."""

    root: Path
    url: str
    made: Path

    def place(self, key: Signer, name: str = "stable", *, prefix: str = "", days: float = 0) -> OpenedChannel:
        found = place(
            DirectoryStore(self.root),
            name,
            now=time.time() + days * DAY,
            signer=key,
            prefix=prefix,
            url=self.url,
        )
        return replace(found, clock=lambda: time.time() + days * DAY)

    def publish(self, version: str, where: OpenedChannel, rpm_key: Signer) -> tuple[Artifact, ...]:
        directory = self.made / f"{version}-{where.name}"
        directory.mkdir(parents=True)
        with makers(directory, rpm_key) as make:
            artifacts = make(version)
        release(where, *artifacts)
        return artifacts


@pytest.fixture
def site(tmp_path: Path, http_site: Callable[[Path], str]) -> Site:
    root = tmp_path / "site"
    root.mkdir()
    return Site(root=root, url=http_site(root), made=tmp_path / "made")


@pytest.fixture
def apt(tmp_path: Path, site: Site) -> Callable[..., AptClient]:
    def new(name: str, key: bytes, prefix: str = "") -> AptClient:
        source = f"Types: deb\nURIs: {site.url}/{prefix}apt\nSuites: stable\nComponents: main\n"
        return AptClient.new(tmp_path / name, source, key)

    return new


class Dnf:
    """A machine's dnf with one repository, whose keys are in a file of the machine."""

    def __init__(self, root: RpmRoot, site: Site, key: bytes, *, base: str) -> None:
        self._root = root
        path = root.state / "key.asc"
        path.write_bytes(key)
        place = (
            f"mirrorlist={site.url}/yum/mirrorlist" if base == "mirrorlist" else f"baseurl={site.url}/yum/"
        )
        root.add_repository(
            "hawk",
            f"[hawk]\nname=hawk\n{place}\nenabled=1\ngpgcheck=1\nrepo_gpgcheck=1\ngpgkey=file://{path}\n"
            "metadata_expire=0\n",
        )

    def follow(self, key: str) -> None:
        """Take keys from the address `key`, as the published `.repo` file says it."""
        path = self._root.state / "repos/hawk.repo"
        path.write_text(re.sub(r"gpgkey=.*", f"gpgkey={key}", path.read_text()))

    def _dnf(self, *argv: str, check: bool = True) -> str:
        done = self._root.dnf("--disablerepo=base", "--refresh", *argv, check=check)
        return done.stdout + done.stderr

    def versions(self) -> set[str]:
        found = self._dnf("repoquery", "--quiet", "--queryformat=%{version}", NAME)
        return set(re.findall(r"^\d+\.\d+\.\d+$", found, re.MULTILINE))

    def install(self, version: str, *, check: bool = True) -> str:
        return self._dnf("install", "--allowerasing", f"{NAME}-{version}", check=check)

    def installed(self) -> str:
        return self._root.rpm("-q", "--queryformat=%{version}", NAME, check=False).stdout


@pytest.fixture(params=["mirrorlist", "baseurl"])
def dnf(
    request: pytest.FixtureRequest, rpm_root: Callable[[], RpmRoot], site: Site
) -> Callable[[bytes], Dnf]:
    return lambda key: Dnf(rpm_root(), site, key, base=request.param)


def aged(site: Site, seconds: int = 10) -> None:
    """Nothing was written just now: a web server says "not modified" within the second."""
    for path in site.root.rglob("*"):
        if path.is_file():
            seen = path.stat().st_mtime - seconds
            os.utime(path, (seen, seen))


def test_apt_follows_a_promotion_a_yank_and_a_prune(
    site: Site, apt: Callable[..., AptClient], keys: tuple[OpenPgpSigner, OpenPgpSigner], tmp_path: Path
) -> None:
    key, _ = keys
    dev, stable = site.place(key, "dev", prefix="dev/"), site.place(key)
    for version in ("1.0.0", "2.0.0"):
        site.publish(version, dev, key)
        (tmp_path / version).mkdir()
        publishers = publishers_for(
            CONFIG, stable.settings, store=stable.store, url=stable.url, signer=key, clock=time.time
        )
        promote(find(dev, Version.parse(version), None), dev, stable, publishers, tmp_path / version)
    clients = {by_hash: apt(by_hash, key.public_key) for by_hash in ("yes", "no")}
    late = apt("late", key.public_key)
    aged(site)
    for by_hash, client in clients.items():
        client.update(f"Acquire::By-Hash={by_hash}")
        assert client.versions(NAME) == {"1.0.0", "2.0.0"}
    late.update()

    yank(site.place(key), V2, None)
    for by_hash, client in clients.items():
        client.update(f"Acquire::By-Hash={by_hash}")
        assert client.versions(NAME) == {"1.0.0"}
        client.install(NAME)
        assert client.installed() == {(NAME, "1.0.0")}
    # Who has read the index before goes on with what it names.
    late.install(NAME)
    assert late.installed() == {(NAME, "2.0.0")}

    aged(site)
    prune(site.place(key, days=8), Limits())
    assert not list(site.root.glob("apt/pool/main/*/*2.0.0*"))
    assert list(site.root.glob("dev/apt/pool/main/*/*2.0.0*"))
    for by_hash, client in clients.items():
        client.update(f"Acquire::By-Hash={by_hash}")
        client.install(f"{NAME}=1.0.0")


def test_dnf_follows_a_yank_and_a_prune(
    site: Site, dnf: Callable[[bytes], Dnf], keys: tuple[OpenPgpSigner, OpenPgpSigner]
) -> None:
    key, _ = keys
    for version in ("1.0.0", "2.0.0"):
        site.publish(version, site.place(key), key)
    client = dnf(key.public_key)
    assert client.versions() == {"1.0.0", "2.0.0"}
    yank(site.place(key), V2, None)
    assert client.versions() == {"1.0.0"}
    client.install("1.0.0")
    assert client.installed() == "1.0.0"
    prune(site.place(key, days=8), Limits())
    prune(site.place(key, days=16), Limits())
    assert not list(site.root.glob("yum/packages/*2.0.0*"))
    assert len(list(site.root.glob("yum/snap/*/repodata/repomd.xml"))) == 1
    assert client.versions() == {"1.0.0"}


def both(keys: tuple[OpenPgpSigner, OpenPgpSigner]) -> Rotation:
    old, new = keys
    return Rotation(new, old, old.public_key)


def test_apt_users_of_either_key_go_on_while_keys_change(
    site: Site, apt: Callable[..., AptClient], keys: tuple[OpenPgpSigner, OpenPgpSigner]
) -> None:
    old, new = keys
    site.publish("1.0.0", site.place(old), old)
    with_old = apt("old", old.public_key)
    aged(site)
    with_old.update()
    site.publish("2.0.0", site.place(both(keys)), new)
    aged(site, 5)
    published = (site.root / "apt/hawk.asc").read_bytes()
    for name, client in {
        "old": with_old,
        "new": apt("new", new.public_key),
        "published": apt("published", published),
    }.items():
        for by_hash in ("yes", "no"):
            client.update(f"Acquire::By-Hash={by_hash}")
        assert client.versions(NAME) == {"1.0.0", "2.0.0"}, name
        client.install(NAME)
        assert client.installed() == {(NAME, "2.0.0")}, name

    site.publish("3.0.0", site.place(Rotation(new, None, old.public_key)), new)
    assert "NO_PUBKEY" in with_old.refused()
    for name, key in {"only-new": new.public_key, "published-then": published}.items():
        client = apt(name, key)
        client.update()
        client.install(NAME)
        assert client.installed() == {(NAME, "3.0.0")}


def test_dnf_users_of_either_key_go_on_while_keys_change(
    site: Site, dnf: Callable[[bytes], Dnf], keys: tuple[OpenPgpSigner, OpenPgpSigner]
) -> None:
    old, new = keys
    site.publish("1.0.0", site.place(old), old)
    with_old = dnf(old.public_key)
    assert with_old.versions() == {"1.0.0"}
    site.publish("2.0.0", site.place(both(keys)), new)

    # The metadata is both keys'; a package is of the one that signed it.
    assert with_old.versions() == {"1.0.0", "2.0.0"}
    with_old.install("1.0.0")
    assert with_old.installed() == "1.0.0"
    assert "GPG" in with_old.install("2.0.0", check=False)
    assert with_old.installed() == "1.0.0"
    with_old.follow(f"{site.url}/yum/hawk.asc")
    with_old.install("2.0.0")
    assert with_old.installed() == "2.0.0"
    with_new = dnf(new.public_key)
    with_new.install("2.0.0")
    assert with_new.installed() == "2.0.0"
    published = dnf((site.root / "yum/hawk.asc").read_bytes())
    for version in ("1.0.0", "2.0.0"):
        published.install(version)
        assert published.installed() == version

    site.publish("3.0.0", site.place(Rotation(new, None, old.public_key)), new)
    published.install("3.0.0")
    assert published.installed() == "3.0.0"
    assert with_new.versions() == {"1.0.0", "2.0.0", "3.0.0"}


def test_apt_refuses_a_date_ahead(
    site: Site, apt: Callable[..., AptClient], keys: tuple[OpenPgpSigner, OpenPgpSigner]
) -> None:
    key, _ = keys
    site.publish("1.0.0", site.place(key, days=0.01), key)
    assert "is not valid yet" in apt("one", key.public_key).refused()


def test_a_bucket_is_pruned_of_what_was_withdrawn_a_week_ago(
    keys: tuple[OpenPgpSigner, OpenPgpSigner], tmp_path: Path
) -> None:
    key, _ = keys
    with s3_services.moto(tmp_path) as url, makers(tmp_path, key) as make:
        bucket = s3_services.client(url)
        bucket.create_bucket(Bucket="site")
        store = S3Store(client=bucket, bucket="site", wait=int)

        def at(days: float) -> OpenedChannel:
            here = place(store, signer=key)
            return replace(here, clock=lambda: time.time() + days * DAY)

        def about(version: str) -> list[str]:
            return [listed.key for listed in store.list() if version in listed.key]

        for number, version in enumerate(("1.0.0", "2.0.0", "3.0.0")):
            release(at(number / 1000), *make(version))
        yank(at(1), V2, None)
        prune(at(2), Limits(keep=1))
        assert len(about("1.0.0")) == len(about("2.0.0")) == 7
        pruned = prune(at(9.1), Limits(keep=1))
        assert len(pruned.deleted) >= 10
        assert about("1.0.0") == []
        assert about("2.0.0") == ["journal/hawk/released/userspace/2.0.0.json"]
        assert len(about("3.0.0")) == 7
