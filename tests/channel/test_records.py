import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from semver import Version

from jesses.base.artifact import Artifact, ArtifactKind
from jesses.base.errors import ConflictError, StoreError
from jesses.channel.records import Record
from tests.support.memory_store import MemoryStore, once

KEY = "journal/hawk/released/driver/1.2.0.json"


def record(store: MemoryStore) -> Record:
    return Record(store=store, project="hawk", component="driver", version=Version.parse("1.2.0"))


def artifact(directory: Path, name: str, kind: ArtifactKind, content: bytes = b"content") -> Artifact:
    path = directory / name
    path.write_bytes(content)
    return Artifact(
        path=path,
        kind=kind,
        component="driver",
        name="hawk-dkms",
        version=Version.parse("1.2.0"),
        arch="noarch",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def test_what_was_written_is_found_and_fetched_with_its_bill_of_materials(tmp_path: Path) -> None:
    store = MemoryStore({"pool/a.deb": b"content"})
    deb = artifact(tmp_path, "a.deb", "deb")
    document = artifact(tmp_path, "a.deb.spdx.json", "sbom", b"{}")
    other = artifact(tmp_path, "not-published.tar.gz", "tarball")
    record(store).write([deb, document, other], {"a.deb": "pool/a.deb"})
    found = record(store).artifacts()
    assert set(found) == {"a.deb", "a.deb.spdx.json"}
    fetched = record(store).fetch(found["a.deb"], tmp_path / "fetched")
    assert fetched.path.read_bytes() == b"content"
    assert (fetched.sha256, fetched.kind, fetched.version) == (deb.sha256, "deb", deb.version)
    assert record(store).fetch(found["a.deb.spdx.json"], tmp_path / "again").path.read_bytes() == b"{}"


def test_a_record_is_written_once(tmp_path: Path) -> None:
    store = MemoryStore()
    record(store).write([artifact(tmp_path, "a.deb", "deb")], {"a.deb": "pool/a.deb"})
    before = store.objects[KEY]
    store.reset()
    record(store).write([artifact(tmp_path, "b.deb", "deb")], {"b.deb": "pool/b.deb"})
    assert store.objects[KEY] == before
    assert not [call for call in store.calls if call.writes]


def test_nothing_published_leaves_no_record(tmp_path: Path) -> None:
    store = MemoryStore()
    record(store).write([artifact(tmp_path, "a.deb", "deb")], {})
    assert record(store).artifacts() == {}
    assert not store.objects


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"artifacts": []}', '{"artifacts": {"a.deb": {"key": "k"}}}']
)
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="is no record of a release") as caught:
        record(MemoryStore({KEY: text.encode()})).artifacts()
    assert "remove it" in caught.value.fix


@pytest.mark.parametrize(("content", "what"), [(b"other", "not what was released"), (None, "gone")])
def test_what_the_store_lost_or_changed_is_refused(tmp_path: Path, content: bytes | None, what: str) -> None:
    store = MemoryStore({"pool/a.deb": b"content"})
    record(store).write([artifact(tmp_path, "a.deb", "deb")], {"a.deb": "pool/a.deb"})
    found = record(store).artifacts()["a.deb"]
    del store.objects["pool/a.deb"]
    if content is not None:
        store.objects["pool/a.deb"] = content
    with pytest.raises(StoreError, match=f"pool/a.deb is {what}") as caught:
        record(store).fetch(found, tmp_path / "fetched")
    assert KEY in caught.value.fix


def test_the_digest_that_counts_is_that_of_the_published_bytes(tmp_path: Path) -> None:
    signed = hashlib.sha256(b"signed").hexdigest()
    store = MemoryStore({"yum/a.rpm": b"signed"})
    row = {"key": "yum/a.rpm", "kind": "rpm", "name": "hawk", "arch": "noarch", "size": 6}
    data = {"artifacts": {"a.rpm": {**row, "sha256": "u" * 64, "signed_sha256": signed}}}
    store.objects[KEY] = json.dumps(data).encode()
    fetched = record(store).fetch(record(store).artifacts()["a.rpm"], tmp_path / "a.rpm")
    assert (fetched.sha256, fetched.signed_sha256) == ("u" * 64, signed)


def in_two_channels(store: MemoryStore, directory: Path) -> Record:
    """A version in `dev`, and with another signature in `stable`."""
    deb = artifact(directory, "a.deb", "deb")
    document = artifact(directory, "a.deb.spdx.json", "sbom", b"{}")
    record(store).write([deb, document], {"a.deb": "dev/a.deb"}, channel="dev", now=1)
    signed = replace(deb, signed_sha256="5" * 64)
    record(store).write([signed], {"a.deb": "pool/a.deb"}, channel="stable", now=2, commit="c")
    return record(store)


def test_channels_are_noted_side_by_side(tmp_path: Path) -> None:
    found = in_two_channels(MemoryStore(), tmp_path)
    channels = found.read().channels
    assert {name: listing.published for name, listing in channels.items()} == {"dev": 1, "stable": 2}
    assert channels["stable"].objects == {"a.deb": {"key": "pool/a.deb", "sha256": "5" * 64}}
    assert channels["stable"].commit == "c"
    assert found.artifacts()["a.deb"].key == "dev/a.deb"


def test_what_one_channel_loses_is_taken_from_another(tmp_path: Path) -> None:
    found = in_two_channels(MemoryStore(), tmp_path)
    found.withdraw("dev", "pruned", now=10)
    row = found.artifacts()["a.deb"]
    assert (row.key, row.signed_sha256) == ("pool/a.deb", "5" * 64)
    found.withdraw("stable", "yanked", now=20)
    assert found.artifacts() == {}
    found.withdraw("dev", "yanked", now=30)
    listing = found.read().channels["dev"]
    assert (listing.withdrawn, listing.withdrawn_at) == ("pruned", 10)


def test_what_was_withdrawn_while_it_was_published_says_so(tmp_path: Path) -> None:
    store = MemoryStore()
    found = in_two_channels(store, tmp_path)
    found.withdraw("stable", "yanked", now=86_400)
    before = dict(store.objects)
    said = r"driver 1\.2\.0 was yanked from the channel stable on 1970-01-02"
    with pytest.raises(ConflictError, match=said):
        found.refuse_withdrawn("stable")
    late = artifact(tmp_path, "b.deb", "deb")
    with pytest.raises(ConflictError, match=said):
        found.write([late], {"b.deb": "pool/b.deb"}, channel="stable", now=3)
    assert store.objects == before


def test_another_run_that_notes_at_the_same_moment_is_kept(tmp_path: Path) -> None:
    store = MemoryStore()
    deb = artifact(tmp_path, "a.deb", "deb")
    rival = record(store)
    store.before = once(
        "put_if_unchanged", KEY, lambda: rival.write([deb], {"a.deb": "dev/a.deb"}, channel="dev", now=1)
    )
    record(store).write([deb], {"a.deb": "pool/a.deb"}, channel="stable", now=2)
    assert set(record(store).read().channels) == {"dev", "stable"}


def test_what_is_forgotten_leaves_nothing(tmp_path: Path) -> None:
    store = MemoryStore()
    found = in_two_channels(store, tmp_path)
    assert len(store.objects) == 2  # with the bill of materials
    found.forget()
    assert store.objects == {}
