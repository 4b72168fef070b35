import hashlib
import json
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.errors import ConflictError, RepositoryError, StoreError
from jesses.publish.files.publisher import FilesPublisher
from jesses.publish.files.sums import parsed
from jesses.signing import openpgp
from jesses.signing.verification import verify_detached
from tests.support.memory_store import Crash, MemoryStore, crash_at, once

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
    latest = store.objects.pop("files/latest/userspace.json")
    assert json.loads(latest) == {
        "version": "1.0.0",
        "files": {
            name: {"url": f"file:///site/files/{name}", "sha256": digest} for name in ("a.tar.gz", "b.tar.gz")
        },
    }
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


@pytest.mark.parametrize("order", list(permutations(["1.9.0", "1.10.0-rc.1", "1.10.0"])))
def test_latest_moves_forward_by_the_order_of_versions(tmp_path: Path, order: tuple[str, ...]) -> None:
    store = MemoryStore()
    seen = []
    for version in order:
        made = tarball(tmp_path, f"hawk-{version}.tar.gz")
        publish(store, replace(made, version=Version.parse(version)))
        seen.append(Version.parse(json.loads(store.objects["files/latest/userspace.json"])["version"]))
    assert seen == sorted(seen)
    assert str(seen[-1]) == "1.10.0"


def test_a_higher_version_that_comes_meanwhile_stays_the_latest(tmp_path: Path) -> None:
    store = MemoryStore()
    higher = replace(tarball(tmp_path, "b.tar.gz"), version=Version.parse("2.0.0"))
    store.before = once("put_if_unchanged", "files/latest/userspace.json", lambda: publish(store, higher))
    publish(store, tarball(tmp_path, "a.tar.gz"))
    assert json.loads(store.objects["files/latest/userspace.json"])["version"] == "2.0.0"


def test_bills_of_materials_of_packages_are_published_and_listed(tmp_path: Path) -> None:
    store = MemoryStore()
    bills = [
        replace(tarball(tmp_path, f"{name}.spdx.json", b"{}"), kind="sbom") for name in ("a.deb", "image")
    ]
    publish(store, replace(tarball(tmp_path, "a.deb"), kind="deb"), *bills)
    assert "files/image.spdx.json" not in store.objects
    assert store.objects["files/a.deb.spdx.json"] == b"{}"
    assert b"a.deb.spdx.json" in store.objects["files/SHA256SUMS"]


def test_a_list_that_is_none_is_not_overwritten() -> None:
    with pytest.raises(RepositoryError, match="SHA256SUMS holds '<html>'"):
        parsed("<html>\n")
