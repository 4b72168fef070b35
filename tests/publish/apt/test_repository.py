import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jesses.base.errors import ConflictError, FormatError, RepositoryError, StoreError
from jesses.publish.apt.metadata import Digest, ReleaseFile
from tests.support.apt_site import (
    IN_RELEASE,
    NOW,
    SIGNER,
    SUITE,
    Make,
    by_hash_client,
    deb_maker,
    new_key,
    publish,
    publisher,
    release_of,
)
from tests.support.memory_store import MemoryStore, once


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    with deb_maker(tmp_path_factory.mktemp("packages")) as make:
        yield make


def test_the_same_file_name_with_other_bytes_is_a_conflict_and_changes_nothing(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    before = dict(store.objects)
    with pytest.raises(ConflictError, match="already published with other bytes"):
        publish(store, make(arch="aarch64"), make(content=b"other"))
    assert store.objects == before


def test_the_same_package_under_another_file_name_is_a_conflict_too(make: Make, tmp_path: Path) -> None:
    store = MemoryStore()
    publish(store, make())
    before = dict(store.objects)
    other = make(content=b"other")
    renamed = other.path.rename(tmp_path / "renamed.deb")
    with pytest.raises(ConflictError, match="already published with other bytes"):
        publish(store, replace(other, path=renamed))
    assert store.objects == before


def test_a_conflict_that_appears_while_uploading_is_found(make: Make) -> None:
    store = MemoryStore()
    pool = "apt/pool/main/kestrel/kestrel-1.0.0-x86_64.deb"
    store.before = once("put_if_absent", pool, lambda: store.objects.update({pool: b"a rival's"}))
    with pytest.raises(ConflictError, match="already published with other bytes"):
        publish(store, make())
    assert by_hash_client(store) == {}


def test_a_conflict_that_appears_before_the_swap_is_found(make: Make, tmp_path: Path) -> None:
    store = MemoryStore()
    other = make(content=b"other")
    rival = replace(other, path=other.path.rename(tmp_path / "renamed.deb"))
    store.before = once("put_if_unchanged", IN_RELEASE, lambda: publish(store, rival))
    with pytest.raises(ConflictError, match=r"kestrel 1\.0\.0 for amd64"):
        publish(store, make())
    assert by_hash_client(store)["amd64"] == {("kestrel", "1.0.0", "amd64")}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda _: b"<html>not found</html>", "cannot be trusted"),
        (lambda _: b"", "cannot be trusted"),
        (lambda data: data.replace(b"Origin: kestrel", b"Origin: kestril"), "cannot be trusted"),
        (lambda _: new_key().clearsign(b"Date: x\n"), "cannot be trusted"),
        (lambda _: SIGNER.clearsign(b"no field\n"), "has the line 'no field'"),
        (lambda _: SIGNER.clearsign(b"SHA256:\n nonsense\n"), "has the line ' nonsense'"),
        (lambda _: SIGNER.clearsign(b"Date: Tue, 14 Nov 2023 22:13:20 UTC\n"), "lists no SHA256 digests"),
        (lambda _: SIGNER.clearsign(b"SHA256:\n"), "no date"),
        (lambda _: SIGNER.clearsign(b"Date: yesterday\nSHA256:\n"), "no date"),
    ],
)
def test_a_repository_that_cannot_be_trusted_is_refused_and_not_changed(
    make: Make, damage: Callable[[bytes], bytes], message: str
) -> None:
    store = MemoryStore()
    publish(store, make())
    store.objects[IN_RELEASE] = damage(store.objects[IN_RELEASE])
    before = dict(store.objects)
    with pytest.raises(RepositoryError, match=message) as caught:
        publish(store, make(version="1.1.0"))
    assert caught.value.fix
    assert store.objects == before


def test_an_index_that_is_gone_or_altered_is_refused(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    for key in [key for key in store.objects if "Packages." in key or "by-hash" in key]:
        store.objects[key] += b"x"
    with pytest.raises(RepositoryError, match=r"names main/binary-amd64/Packages\.xz with the sha256"):
        publish(store, make(version="1.1.0"))


MAGIC = {
    ".gz": b"\x1f\x8b",
    ".xz": b"\xfd7zXZ\0",
    ".bz2": b"BZh",
    ".zst": b"\x28\xb5\x2f\xfd",
    ".lzma": b"\x5d\0\0",
}


@pytest.mark.parametrize("form", [".gz", ".xz", ".bz2", ".zst", ".lzma"])
def test_an_index_that_is_damaged_is_refused(make: Make, form: str) -> None:
    store = MemoryStore()
    publish(store, make())
    path = f"main/binary-amd64/Packages{form}"
    release = release_of(store)
    data = MAGIC[form] + b"and then nothing that is known"
    digest = Digest(sha256=hashlib.sha256(data).hexdigest(), size=len(data))
    text = ReleaseFile(fields=release.fields, files={path: digest}).render()
    store.objects |= {IN_RELEASE: SIGNER.clearsign(text), f"{SUITE}/{path}": data}
    with pytest.raises(RepositoryError, match="cannot be unpacked"):
        publish(store, make(version="1.1.0"))


def test_a_signed_repository_never_becomes_unsigned(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    before = dict(store.objects)
    for pointer in ("InRelease", "Release.gpg"):
        store.objects = {key: data for key, data in before.items() if not key.endswith(pointer)}
        left = dict(store.objects)
        with pytest.raises(RepositoryError, match="this run has no key"):
            publish(store, make(version="1.1.0"), signer=None)
        assert store.objects == left


def test_a_release_file_that_another_key_signed_is_refused(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(), signer=None)
    store.objects[f"{SUITE}/Release.gpg"] = new_key().detach(store.objects[f"{SUITE}/Release"])
    before = dict(store.objects)
    with pytest.raises(RepositoryError, match="another key signed it"):
        publish(store, make(version="1.1.0"))
    assert store.objects == before


def test_a_name_that_stores_and_apt_read_differently_is_refused(make: Make) -> None:
    store = MemoryStore()
    with pytest.raises(RepositoryError, match=r"kestrel\+-1\.0\.0"):
        publish(store, make("kestrel+"))
    assert store.objects == {}


def test_a_file_that_is_no_deb_is_refused(make: Make, tmp_path: Path) -> None:
    (tmp_path / "x.deb").write_bytes(b"text")
    with pytest.raises(FormatError):
        publish(MemoryStore(), replace(make(), path=tmp_path / "x.deb"))


def test_verify_looks_for_what_only_the_index_spoke_of(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    apt = publisher(store)
    apt.stage(apt.check([make()]))
    del store.objects["apt/pool/main/kestrel/kestrel-1.0.0-x86_64.deb"]
    with pytest.raises(StoreError, match="not what was published"):
        apt.verify()


@pytest.mark.parametrize("signed", [True, False])
def test_a_date_ahead_of_the_clock_is_refused_and_changes_nothing(make: Make, *, signed: bool) -> None:
    store, signer = MemoryStore(), SIGNER if signed else None
    publish(store, make(), signer=signer, now=NOW + 3600)
    before = dict(store.objects)
    with pytest.raises(RepositoryError, match="3600 s ahead of the clock") as caught:
        publish(store, make(version="1.1.0"), signer=signer, now=NOW)
    assert "set this machine's clock right" in caught.value.fix
    assert store.objects == before
