from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jesses.base.errors import ConflictError, FormatError, RepositoryError, StoreError
from jesses.publish.shared.settings import RepositorySettings
from jesses.publish.yum.publisher import yum_publisher
from jesses.stores.directory import DirectoryStore
from tests.support.memory_store import MemoryStore
from tests.support.yum_client import (
    MIRRORLIST,
    NOW,
    REPO,
    REPOMD,
    SIGNATURE,
    SIGNER,
    URL,
    Make,
    client,
    kept,
    lists,
    mirror_client,
    new_key,
    packages_in,
    parsed,
    publish,
    publisher,
    renamed,
    revision,
    signature_fits,
    snapshot,
)


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    with packages_in(tmp_path_factory.mktemp("packages")) as make:
        yield make


def test_every_architecture_becomes_visible_in_one_repository(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(), make(arch="aarch64"), make("kestrel-dkms", arch="noarch"))
    assert client(store) == {
        ("kestrel", "1.0.0", "x86_64"),
        ("kestrel", "1.0.0", "aarch64"),
        ("kestrel-dkms", "1.0.0", "noarch"),
    }
    assert signature_fits(store)


def test_what_lies_where(make: Make) -> None:
    store = MemoryStore()
    artifact = make()
    publication = publish(store, artifact)
    base = snapshot(store)
    assert {key for key in store.objects if "-" not in key} == {
        MIRRORLIST,
        f"{base}/repodata/repomd.xml",
        f"{base}/repodata/repomd.xml.asc",
        REPOMD,
        SIGNATURE,
        "yum/kestrel.asc",
        "yum/kestrel.repo",
    }
    assert store.objects["yum/packages/kestrel-1.0.0-x86_64.rpm"] == artifact.path.read_bytes()
    assert store.objects["yum/kestrel.asc"] == SIGNER.public_key
    assert publication.uploaded == len(store.objects)
    assert publication.present == 0


def test_users_get_a_repository_that_checks_everything(make: Make) -> None:
    store = MemoryStore()
    publication = publish(
        store, make(), make("kestrel-dkms", arch="noarch"), make("kestrel", "1.0.0", "aarch64")
    )
    assert store.objects["yum/kestrel.repo"].decode() == (
        "[kestrel]\nname=kestrel\nmirrorlist=https://example.org/yum/mirrorlist\n"
        "# where mirrorlists do not work:\n#baseurl=https://example.org/yum/\nenabled=1\ngpgcheck=1\n"
        "repo_gpgcheck=1\ngpgkey=https://example.org/yum/kestrel.asc\n"
    )
    assert publication.instructions == (
        "sudo curl -fsSL -o /etc/yum.repos.d/kestrel.repo https://example.org/yum/kestrel.repo",
        "sudo dnf install kestrel kestrel-dkms",
    )
    assert (publication.publisher, publication.location) == ("yum", URL)


def test_an_unsigned_run_says_so_in_the_repo_file(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(signer=None), signer=None)
    text = store.objects["yum/kestrel.repo"].decode()
    assert "gpgcheck=0\nrepo_gpgcheck=0\n" in text
    assert "gpgkey" not in text
    assert not [key for key in store.objects if key.endswith(".asc")]
    assert client(store) == {("kestrel", "1.0.0", "x86_64")}


def test_other_kinds_are_left_to_other_publishers(make: Make) -> None:
    store = MemoryStore()
    publication = publish(store, replace(make(), kind="deb"))
    assert store.calls == []
    assert (publication.uploaded, publication.instructions) == (0, ())


def test_the_next_release_keeps_every_byte_of_the_one_before(make: Make) -> None:
    store = MemoryStore()
    publish(store, *kept(make))
    before, objects = lists(store), dict(store.objects)
    publish(store, make(version="1.1.0"))
    for kind, text in lists(store).items():
        start, end = (before[kind].index(b"<package "), before[kind].rindex(b"</"))
        assert before[kind][start:end] in text
    assert client(store) == {
        ("kestrel", "1.0.0", "x86_64"),
        ("kestrel", "1.0.0", "aarch64"),
        ("kestrel", "1.1.0", "x86_64"),
    }
    changed = {key for key in objects if store.objects[key] != objects[key]}
    assert changed == {REPOMD, SIGNATURE, MIRRORLIST}


def test_publishing_again_writes_nothing(make: Make) -> None:
    store = MemoryStore()
    artifacts = kept(make)
    publish(store, *artifacts)
    store.reset()
    publication = publish(store, *artifacts, now=NOW + 100)
    assert [call for call in store.calls if call.writes] == []
    assert (publication.uploaded, publication.present) == (0, 5)


def test_the_same_package_with_another_signature_is_the_one_that_is_there(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    objects = dict(store.objects)
    publication = publish(store, make(), now=NOW + 100)
    assert store.objects == objects
    assert publication.uploaded == 0


def test_a_package_that_was_uploaded_but_not_listed_is_listed_as_it_is(make: Make) -> None:
    first, again = make(), make()
    store = MemoryStore({"yum/packages/kestrel-1.0.0-x86_64.rpm": first.path.read_bytes()})
    publish(store, again)
    assert first.signed_sha256 != again.signed_sha256
    assert client(store) == {("kestrel", "1.0.0", "x86_64")}
    assert store.objects["yum/packages/kestrel-1.0.0-x86_64.rpm"] == first.path.read_bytes()


@pytest.mark.parametrize("signed", [True, False])
def test_other_bytes_under_a_published_name_are_refused_before_anything_changes(
    make: Make, *, signed: bool
) -> None:
    signer = SIGNER if signed else None
    store = MemoryStore()
    publish(store, make(signer=signer), signer=signer)
    objects = dict(store.objects)
    new, other = make("kestrel-dkms", arch="noarch", signer=signer), make(content=b"x", signer=signer)
    with pytest.raises(ConflictError, match=r"kestrel-1\.0\.0-x86_64\.rpm is already published"):
        publish(store, new, other, signer=signer)
    assert store.objects == objects


def test_damage_under_a_published_name_is_no_package_of_ours(make: Make) -> None:
    store = MemoryStore({"yum/packages/kestrel-1.0.0-x86_64.rpm": b"damage"})
    with pytest.raises(ConflictError):
        publish(store, make())


def test_another_file_for_a_listed_package_is_refused_before_anything_changes(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    objects = dict(store.objects)
    other = renamed(make(content=b"x"), "other.rpm")
    with pytest.raises(ConflictError, match=r"already published with other bytes"):
        publish(store, make(version="2.0.0"), other)
    assert store.objects == objects


def test_what_is_no_rpm_is_refused(make: Make) -> None:
    store = MemoryStore()
    artifact = make()
    artifact.path.write_bytes(b"no package")
    with pytest.raises(FormatError):
        publish(store, artifact)
    assert store.objects == {}


def test_a_name_that_stores_and_clients_read_differently_is_refused(make: Make) -> None:
    with pytest.raises(RepositoryError, match=r"a\+b\.rpm cannot be published"):
        publish(MemoryStore(), renamed(make(), "a+b.rpm"))


def test_an_unsigned_package_has_no_place_in_a_signed_repository(make: Make) -> None:
    with pytest.raises(RepositoryError, match="is not signed"):
        publish(MemoryStore(), make(signer=None))


def test_a_package_published_unsigned_is_not_listed_in_a_signed_repository(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(signer=None), signer=None)
    with pytest.raises(RepositoryError, match="is not signed"):
        publish(store, make())


def test_an_unsigned_repository_is_signed_when_something_is_added(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(), signer=None)
    publish(store, make(), now=NOW + 1)
    assert signature_fits(store)
    assert client(store) == {("kestrel", "1.0.0", "x86_64")}
    assert b"gpgcheck=1" in store.objects["yum/kestrel.repo"]


def test_a_signed_repository_is_not_continued_without_a_key(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    objects = dict(store.objects)
    with pytest.raises(RepositoryError, match="is signed, and this run has no key"):
        publish(store, make(version="2.0.0"), signer=None)
    assert store.objects == objects


def test_a_repository_of_another_key_is_not_continued(make: Make) -> None:
    store = MemoryStore()
    other = new_key()
    publish(store, make(signer=other), signer=other)
    objects = dict(store.objects)
    with pytest.raises(RepositoryError, match="has no valid signature"):
        publish(store, make(version="2.0.0"))
    assert store.objects == objects


def test_a_snapshot_that_nobody_signed_is_not_continued(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    repomd = f"{snapshot(store)}/repodata/repomd.xml"
    store.objects[repomd] = store.objects[repomd].replace(b"<revision>", b"<revision>9")
    with pytest.raises(RepositoryError, match="has no valid signature"):
        publish(store, make(version="2.0.0"))


def test_a_pointer_that_names_no_snapshot_is_not_continued(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    for other in (b"", b"# nothing\n", b"https://example.org/yum/\n"):
        store.objects[MIRRORLIST] = other
        with pytest.raises(RepositoryError, match="names no snapshot"):
            publish(store, make(version="2.0.0"))


def test_a_root_that_somebody_changed_is_set_right_by_the_next_release(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    store.objects[REPOMD] = store.objects[REPOMD].replace(b"<revision>", b"<revision>9")
    publish(store, make(version="2.0.0"))
    assert client(store) == mirror_client(store)
    assert signature_fits(store)


def test_a_root_whose_list_is_gone_is_set_right_too(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    (primary,) = (key for key in store.objects if key.startswith("yum/repodata/") and "-primary" in key)
    del store.objects[primary]
    publish(store, make(version="2.0.0"))
    assert client(store) == mirror_client(store)
    assert len(client(store)) == 2


def test_the_revision_grows_where_the_clock_does_not(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(), now=NOW + 0.9)
    assert revision(store) == NOW
    publish(store, make(version="1.1.0"), now=NOW - 1000)
    assert revision(store) == NOW + 1
    stamps = {data.findtext(f"{REPO}timestamp") for data in parsed(store.objects[REPOMD]).iter(f"{REPO}data")}
    assert stamps == {str(NOW + 1)}


def test_a_package_that_only_the_lists_speak_of_is_noticed_before_the_commit(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    yum = publisher(store)
    yum.stage(yum.check([make()]))
    del store.objects["yum/packages/kestrel-1.0.0-x86_64.rpm"]
    with pytest.raises(StoreError, match=r"rpm is not what was published"):
        yum.verify()


def test_nothing_is_visible_before_the_commit(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    before = client(store), mirror_client(store), store.objects[REPOMD], store.objects[MIRRORLIST]
    yum = publisher(store)
    yum.stage(yum.check([make(version="2.0.0")]))
    yum.verify()
    assert (
        client(store),
        mirror_client(store),
        store.objects[REPOMD],
        store.objects[MIRRORLIST],
    ) == before
    yum.commit()
    assert client(store) == mirror_client(store) != before[0]


def test_a_directory_store_holds_the_same(make: Make, tmp_path: Path) -> None:
    artifact = make()
    yum = yum_publisher(
        RepositorySettings(
            store=DirectoryStore(tmp_path),
            prefix="yum",
            url=URL,
            name="kestrel",
            signer=SIGNER,
            clock=lambda: NOW,
        )
    )
    yum.stage(yum.check([artifact]))
    yum.verify()
    yum.commit()
    files = (path for path in (tmp_path / "yum").rglob("*") if path.is_file())
    store = MemoryStore({path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in files})
    assert client(store) == {("kestrel", "1.0.0", "x86_64")}
    assert signature_fits(store)
