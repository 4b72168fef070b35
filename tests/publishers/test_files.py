import hashlib
from pathlib import Path

import pytest
from semver import Version

from release.artifact import Artifact
from release.errors import ConflictError, RepositoryError, StoreError
from release.publishers.files import FilesPublisher, merge_sums
from release.signing import openpgp
from release.signing.verification import verify_detached
from tests.stores.memory import Crash, MemoryStore, crash_at, once

SIGNER = openpgp.ephemeral("Tests <tests@example.org>")


def tarball(directory: Path, name: str, data: bytes = b"data") -> Artifact:
    path = directory / name
    path.write_bytes(data)
    return Artifact(
        path=path,
        kind="tarball",
        component="userspace",
        name="hawk",
        version=Version.parse("1.0.0"),
        arch="x86_64",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def publisher(store: MemoryStore) -> FilesPublisher:
    return FilesPublisher(
        store=store, prefix="files", url="file:///site/files", project="hawk", signer=SIGNER
    )


def publish(store: MemoryStore, *artifacts: Artifact) -> None:
    subject = publisher(store)
    subject.stage(subject.check(artifacts))
    subject.verify()
    subject.commit()


def unsigned(store: MemoryStore) -> dict[str, bytes]:
    """All but the signature, which is never the same twice."""
    return {key: data for key, data in store.objects.items() if key != "files/SHA256SUMS.asc"}


def is_signed(store: MemoryStore) -> bool:
    verify_detached(
        store.objects["files/SHA256SUMS"],
        store.objects["files/SHA256SUMS.asc"],
        public_key=SIGNER.public_key,
    )
    return True


def is_whole(store: MemoryStore) -> bool:
    """Every file that the list names is there, with that digest."""
    text = store.objects.get("files/SHA256SUMS", b"").decode()
    rows = (line.split("  ") for line in text.splitlines())
    return all(hashlib.sha256(store.objects[f"files/{name}"]).hexdigest() == digest for digest, name in rows)


def test_files_the_list_its_signature_and_the_key_are_published(tmp_path: Path) -> None:
    store = MemoryStore()
    publish(store, tarball(tmp_path, "b.tar.gz"), tarball(tmp_path, "a.tar.gz"))
    digest = hashlib.sha256(b"data").hexdigest()
    sums = f"{digest}  a.tar.gz\n{digest}  b.tar.gz\n".encode()
    assert unsigned(store) == {
        "files/a.tar.gz": b"data",
        "files/b.tar.gz": b"data",
        "files/SHA256SUMS": sums,
        "files/hawk.asc": SIGNER.public_key,
    }
    assert is_signed(store)


def test_publishing_again_uploads_nothing_and_says_so(tmp_path: Path) -> None:
    store = MemoryStore()
    artifact = tarball(tmp_path, "a.tar.gz")
    publish(store, artifact)
    store.reset()
    again = publisher(store)
    again.stage(again.check([artifact]))
    publication = again.commit()
    assert (publication.uploaded, publication.present) == (0, 1)
    assert not [call for call in store.calls if call.writes]


def test_other_bytes_under_a_published_name_change_nothing(tmp_path: Path) -> None:
    store = MemoryStore()
    publish(store, tarball(tmp_path, "b.tar.gz"))
    before = dict(store.objects)
    with pytest.raises(ConflictError, match=r"files/b\.tar\.gz is already published"):
        publisher(store).check([tarball(tmp_path, "a.tar.gz"), tarball(tmp_path, "b.tar.gz", b"other")])
    assert store.objects == before


def test_what_was_stored_wrong_is_noticed_before_the_commit(tmp_path: Path) -> None:
    store = MemoryStore()
    subject = publisher(store)
    subject.stage(subject.check([tarball(tmp_path, "a.tar.gz")]))
    store.objects["files/a.tar.gz"] = b"damaged"
    with pytest.raises(StoreError, match="is not what was uploaded"):
        subject.verify()


def test_two_releases_at_once_keep_each_others_lines(tmp_path: Path) -> None:
    store = MemoryStore()
    rival = tarball(tmp_path, "rival.tar.gz")
    store.before = once("put_if_unchanged", "files/SHA256SUMS", lambda: publish(store, rival))
    publish(store, tarball(tmp_path, "a.tar.gz"))
    assert [line.split("  ")[1] for line in store.objects["files/SHA256SUMS"].decode().splitlines()] == [
        "a.tar.gz",
        "rival.tar.gz",
    ]
    assert is_signed(store)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_any_call_leaves_old_or_new_and_a_rerun_finishes(tmp_path: Path, moment: str) -> None:
    first, second = tarball(tmp_path, "a.tar.gz"), tarball(tmp_path, "b.tar.gz", b"more")
    done = MemoryStore()
    publish(done, first)
    done.reset()
    start = dict(done.objects)
    publish(done, second)
    for number in range(1, len(done.calls) + 1):
        store = MemoryStore(start)
        setattr(store, moment, crash_at(number))
        with pytest.raises(Crash):
            publish(store, second)
        assert is_whole(store)
        store.reset()
        publish(store, second)
        assert unsigned(store) == unsigned(done)
        assert is_signed(store)


def test_a_list_that_is_none_is_not_overwritten() -> None:
    with pytest.raises(RepositoryError, match="SHA256SUMS holds '<html>'"):
        merge_sums("<html>\n", {})
