import gzip
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.errors import ConflictError
from jesses.base.naming import spelling
from jesses.base.naming.arch import Arch
from jesses.package.formats import deb_signature
from jesses.publish.apt import index as apt_index
from jesses.publish.apt.index import Index, Stanza
from jesses.publish.apt.metadata import SOURCES, ReleaseFile
from jesses.publish.apt.repository import AptRepository
from jesses.publish.shared.edit import edit
from jesses.publish.shared.objects import RepositoryObjects
from tests.support.apt_site import (
    IN_RELEASE,
    NOW,
    SIGNER,
    SUITE,
    Make,
    by_hash_client,
    deb_maker,
    packages_of,
    plain_client,
    publish,
    publisher,
    release_of,
)
from tests.support.memory_store import MemoryStore


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    with deb_maker(tmp_path_factory.mktemp("packages")) as make:
        yield make


def test_both_architectures_become_visible_and_all_stands_in_each(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(), make(arch="aarch64"), make("kestrel-dkms", arch="noarch"))
    dkms = ("kestrel-dkms", "1.0.0", "all")
    assert by_hash_client(store) == {
        "amd64": {("kestrel", "1.0.0", "amd64"), dkms},
        "arm64": {("kestrel", "1.0.0", "arm64"), dkms},
    }
    assert plain_client(store) == by_hash_client(store)


def test_what_lies_where(make: Make) -> None:
    store = MemoryStore()
    artifact = make()
    publication = publish(store, artifact)
    assert sorted(key for key in store.objects if "by-hash" not in key) == [
        *(f"{SUITE}/{name}" for name in ("InRelease", "Release", "Release.gpg")),
        *(
            f"{SUITE}/main/binary-{arch}/Packages.{end}"
            for arch in ("amd64", "arm64")
            for end in ("gz", "xz")
        ),
        "apt/kestrel.asc",
        "apt/kestrel.sources",
        "apt/pool/main/kestrel/kestrel-1.0.0-x86_64.deb",
    ]
    assert store.objects["apt/pool/main/kestrel/kestrel-1.0.0-x86_64.deb"] == artifact.path.read_bytes()
    assert store.objects["apt/kestrel.asc"] == SIGNER.public_key
    assert publication.uploaded == len(store.objects)
    assert publication.present == 0


def test_the_release_file_says_what_apt_asks_for(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    fields = dict(release_of(store).fields)
    assert len(fields.pop(SOURCES)) == 64
    assert fields == {
        "Origin": "kestrel",
        "Label": "kestrel",
        "Suite": "stable",
        "Codename": "stable",
        "Date": "Tue, 14 Nov 2023 22:13:20 UTC",
        "Acquire-By-Hash": "yes",
        "Architectures": "amd64 arm64",
        "Components": "main",
    }


def test_users_are_told_what_to_type(make: Make) -> None:
    store = MemoryStore()
    publication = publish(store, make(), make("kestrel-dkms", arch="noarch"), make(arch="aarch64"))
    assert publication.instructions == (
        "sudo install -d -m 0755 /etc/apt/keyrings",
        "sudo curl -fsSL -o /etc/apt/keyrings/kestrel.asc https://example.org/apt/kestrel.asc",
        "sudo curl -fsSL -o /etc/apt/sources.list.d/kestrel.sources https://example.org/apt/kestrel.sources",
        "sudo apt-get update",
        "sudo apt-get install kestrel kestrel-dkms",
    )
    assert store.objects["apt/kestrel.sources"].decode() == (
        "Types: deb\n"
        "URIs: https://example.org/apt\n"
        "Suites: stable\n"
        "Components: main\n"
        "Signed-By: /etc/apt/keyrings/kestrel.asc\n"
    )


def test_a_run_without_a_key_has_release_for_its_pointer(make: Make) -> None:
    store = MemoryStore()
    publication = publish(store, make(), signer=None)
    publish(store, make(version="1.1.0"), signer=None)
    assert not {key for key in store.objects if key.endswith(("InRelease", ".gpg", ".asc"))}
    release = ReleaseFile.parse(store.objects[f"{SUITE}/Release"])
    assert packages_of(store, release, "amd64", by_hash=True) == {
        ("kestrel", "1.0.0", "amd64"),
        ("kestrel", "1.1.0", "amd64"),
    }
    assert packages_of(store, release, "amd64", by_hash=False) == packages_of(
        store, release, "amd64", by_hash=True
    )
    assert b"Trusted: yes" in store.objects["apt/kestrel.sources"]
    assert not any(".asc" in line for line in publication.instructions)


def test_staging_shows_users_nothing(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    before = {
        key: data for key, data in store.objects.items() if "by-hash" not in key and "/pool/" not in key
    }
    apt = publisher(store)
    apt.stage(apt.check([make(version="1.1.0")]))
    after = {key: data for key, data in store.objects.items() if "by-hash" not in key and "/pool/" not in key}
    assert after == before


def test_other_kinds_of_artifacts_are_left_alone(make: Make) -> None:
    store = MemoryStore()
    publication = publish(store, replace(make(), kind="rpm"))
    assert (store.objects, publication.instructions) == ({}, ())


def test_what_was_there_stays_byte_for_byte(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    before = plain_index(store)
    publish(store, make(version="1.1.0"))
    assert plain_index(store).startswith(before)


def plain_index(store: MemoryStore) -> bytes:
    return gzip.decompress(store.objects[f"{SUITE}/main/binary-amd64/Packages.gz"])


def test_publishing_again_writes_nothing(make: Make) -> None:
    store = MemoryStore()
    artifacts = [make(), make("kestrel-dkms", arch="noarch")]
    first = publish(store, *artifacts)
    objects = dict(store.objects)
    again = publish(store, *artifacts, now=NOW + 60)
    assert store.objects == objects
    assert (again.uploaded, first.present) == (0, 0)
    assert again.present == 2 + 2 + 4  # the pool; Release and its signature; plain indexes


def test_a_package_is_where_the_index_says_and_not_where_we_would_put_it(make: Make) -> None:
    store = MemoryStore()
    artifact = make()
    publish(store, artifact)
    ours, theirs = "apt/pool/main/kestrel/kestrel-1.0.0-x86_64.deb", "apt/pool/k/kestrel_1.0.0_amd64.deb"
    repository = AptRepository(
        objects=RepositoryObjects(store, "apt"), suite="stable", origin="k", signer=SIGNER, clock=lambda: NOW
    )
    edit(
        repository,
        lambda indexes: {
            arch: index.with_text(
                index.text.replace(ours.removeprefix("apt/").encode(), theirs.removeprefix("apt/").encode())
            )
            for arch, index in indexes.items()
        },
    )
    store.objects[theirs] = store.objects.pop(ours)
    again = publish(store, artifact, now=NOW + 60)
    assert again.objects == {artifact.path.name: theirs}
    assert ours not in store.objects
    assert by_hash_client(store)["amd64"] == {("kestrel", "1.0.0", "amd64")}


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\n\n\n", "\n \n"])
def test_an_index_may_end_in_any_way(end: str) -> None:
    there = f"Package: a\nVersion: 1\nArchitecture: amd64\nSHA256: 00{end}".encode()
    added = Stanza.of(
        "Package: b\nVersion: 1\nArchitecture: amd64\n", filename="pool/b.deb", size=1, sha256="11"
    )
    merged = apt_index.add({"amd64": Index(text=there)}, [added])["amd64"]
    assert merged.text.startswith(there)
    assert [stanza.package for stanza in merged.stanzas()] == ["a", "b"]


def test_a_part_of_a_release_that_is_there_is_not_added_twice(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    publish(store, make(), make(arch="aarch64"))
    assert by_hash_client(store) == {
        "amd64": {("kestrel", "1.0.0", "amd64")},
        "arm64": {("kestrel", "1.0.0", "arm64")},
    }


def test_packages_for_all_reach_an_architecture_that_comes_later(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(), make("kestrel-dkms", arch="noarch"))
    narrow(store, "amd64")
    publish(store, make(arch="aarch64"))
    assert ("kestrel-dkms", "1.0.0", "all") in by_hash_client(store)["arm64"]


def narrow(store: MemoryStore, architecture: str) -> None:
    """The repository as somebody made it who releases for one architecture."""
    release = release_of(store)
    files = {path: digest for path, digest in release.files.items() if architecture in path}
    fields = dict(release.fields) | {"Architectures": architecture}
    store.objects[IN_RELEASE] = SIGNER.clearsign(ReleaseFile(fields=fields, files=files).render())


def test_fields_and_files_of_another_writer_are_kept(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    release = release_of(store)
    digest = release.files["main/binary-amd64/Packages"]
    others = {
        "contrib/binary-amd64/Packages": digest,
        "main/Contents-amd64.gz": digest,
        "main/binary-amd64/Packages.bz2": digest,
    }
    fields = dict(release.fields) | {
        "Label": "Kestrel",
        "Description": "all of it",
        "Components": "contrib main",
        "Valid-Until": "Wed, 15 Nov 2023 22:13:20 UTC",
    }
    text = ReleaseFile(fields=fields, files=dict(release.files) | others).render()
    store.objects[IN_RELEASE] = SIGNER.clearsign(text)
    publish(store, make(version="1.1.0"))
    after = release_of(store)
    assert after.fields["Label"] == "Kestrel"
    assert after.fields["Description"] == "all of it"
    assert after.fields["Components"] == "contrib main"
    assert "Valid-Until" not in after.fields
    assert after.files["contrib/binary-amd64/Packages"] == digest
    assert after.files["main/Contents-amd64.gz"] == digest
    assert "main/binary-amd64/Packages.bz2" not in after.files  # it would be out of date


@pytest.mark.parametrize(("now", "date"), [(NOW + 60.9, NOW + 60), (NOW, NOW + 1), (NOW - 50, NOW + 1)])
def test_the_date_moves_forward_even_where_the_clock_does_not(make: Make, now: float, date: int) -> None:
    store = MemoryStore()
    publish(store, make())
    publish(store, make(version="1.1.0"), now=now)
    assert datetime.fromtimestamp(release_of(store).date, UTC) == datetime.fromtimestamp(date, UTC)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.sets(
            st.tuples(
                st.sampled_from(["kestrel", "kestrel-dkms"]),
                st.sampled_from(["1.0.0", "1.1.0-rc.1", "1.1.0-4+abc"]),
                st.sampled_from(["x86_64", "aarch64", "noarch"]),
            ),
            min_size=1,
        ),
        max_size=4,
    )
)
def test_whatever_was_published_is_there(make: Make, runs: list[set[tuple[str, str, Arch]]]) -> None:
    store = MemoryStore()
    for run in runs:
        publish(store, *(make(*wanted) for wanted in sorted(run)))
    names = {"x86_64": "amd64", "aarch64": "arm64", "noarch": "all"}
    published = {
        (name, spelling.deb(Version.parse(version)), names[arch])
        for run in runs
        for name, version, arch in run
    }
    seen = by_hash_client(store)
    assert set(seen) == ({"amd64", "arm64"} if runs else set())
    for architecture, identities in seen.items():
        assert identities == {identity for identity in published if identity[2] in {architecture, "all"}}


def signed_copy(artifact: Artifact, directory: Path) -> Artifact:
    directory.mkdir()
    path = directory / artifact.path.name
    shutil.copy(artifact.path, path)
    digest = deb_signature.sign(path, SIGNER)
    return replace(artifact, path=path, signed_sha256=digest, size=path.stat().st_size)


def test_a_package_that_is_signed_again_stays_as_it_was_published(make: Make, tmp_path: Path) -> None:
    store = MemoryStore()
    first, second = (signed_copy(make(), tmp_path / name) for name in "ab")
    assert first.signed_sha256 != second.signed_sha256
    publish(store, first)
    before = dict(store.objects)
    assert publish(store, second).uploaded == 0
    assert store.objects == before
    assert store.objects["apt/pool/main/kestrel/kestrel-1.0.0-x86_64.deb"] == first.path.read_bytes()


def test_other_bytes_are_a_conflict_signed_or_not(make: Make, tmp_path: Path) -> None:
    store = MemoryStore()
    publish(store, signed_copy(make(), tmp_path / "a"))
    with pytest.raises(ConflictError, match="already published with other bytes"):
        publish(store, signed_copy(make(content=b"other"), tmp_path / "b"))
