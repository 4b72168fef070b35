"""The client against a well-behaved registry."""

from pathlib import Path

import pytest

from jesses.base.errors import FormatError, RegistryError
from jesses.image.manifest import INDEX, MANIFEST, ImageIndex, digest_of, encode
from jesses.image.registry.client import referrers_tag
from jesses.image.registry.pull import pull_layout
from jesses.image.registry.push import send
from tests.support.fake_registry import FakeRegistry
from tests.support.registry_bench import Bench, blob, image

OUTSIDE = ("sha256:../../../../stolen", "sha256:" + "A" * 64, "sha512:" + "0" * 128, "../x", "a b", "x?y", "")

LARGE = bytes(range(256)) * 4


@pytest.fixture
def bench() -> Bench:
    return Bench(FakeRegistry())


def test_blobs_come_back(bench: Bench, tmp_path: Path) -> None:
    large = blob(LARGE)
    bench.repository().put_blob(large)
    assert bench.repository().read_blob(large.digest) == LARGE
    bench.repository().fetch_blob(large.digest, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == LARGE
    with pytest.raises(RegistryError, match="has not got what was asked for"):
        bench.repository().read_blob(blob(b"absent").digest)


def test_tags_come_in_pages(bench: Bench) -> None:
    content, repository = image(), bench.repository()
    send(content, repository)
    assert repository.tags() == ()
    wanted = tuple(f"1.0.{number}" for number in range(7))
    for tag in wanted:
        repository.put_manifest(content.documents[-1], tag)
    bench.registry.page = 3
    assert repository.tags() == wanted


@pytest.mark.parametrize("has_referrers", [True, False])
def test_referrers_come_from_the_interface_or_from_the_tag(bench: Bench, has_referrers: bool) -> None:
    bench.registry.has_referrers = has_referrers
    repository = bench.repository()
    digest = blob(b"image").digest
    assert repository.referrers(digest) == ()
    content = image()
    send(content, repository)
    if not has_referrers:
        repository.put_manifest(content.documents[-1], referrers_tag(digest))
        assert [found["digest"] for found in repository.referrers(digest)] == [content.documents[0].digest]


def test_asking_whether_we_may_push_leaves_nothing(bench: Bench) -> None:
    bench.repository().check_push()
    assert [request.method for request in bench.registry.requests] == ["POST", "DELETE"]
    assert bench.registry.uploads == {}


@pytest.mark.parametrize("text", OUTSIDE)
def test_what_is_no_digest_becomes_no_path_and_no_address(bench: Bench, tmp_path: Path, text: str) -> None:
    repository, target = bench.repository(), tmp_path / "back"
    for ask in (
        repository.has_blob,
        repository.read_blob,
        repository.find_manifest,
        repository.has_manifest,
        repository.referrers,
        lambda digest: repository.fetch_blob(digest, target),
    ):
        with pytest.raises(RegistryError, match="no tag and no digest"):
            ask(text)
    assert bench.registry.requests == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["config", "layers", "manifests"])
def test_a_manifest_of_a_registry_writes_no_file_outside(bench: Bench, tmp_path: Path, where: str) -> None:
    outside, inside = f"sha256:../../../{tmp_path}/stolen", blob(b"stolen").digest
    evil, good = ({"mediaType": "x", "digest": digest, "size": 6} for digest in (outside, inside))
    manifest = {"config": good, "layers": [good], where: evil if where == "config" else [evil]}
    data = encode({"schemaVersion": 2, "mediaType": MANIFEST, **manifest})
    if where == "manifests":
        data = encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": [evil]})
    served = bench.registry.manifests
    served["example/kestrel", digest_of(data)] = MANIFEST, data
    for digest in (outside, inside):
        bench.registry.blobs["example/kestrel", digest] = b"stolen"
    found = bench.repository().manifest(digest_of(data))
    index = found if where == "manifests" else ImageIndex(manifests=(found.descriptor,)).encode()
    with pytest.raises(FormatError, match="digest"):
        pull_layout(index, bench.repository(), tmp_path / "layout", name="kestrel", tag="1.0.0")
    assert not (tmp_path / "stolen").exists()


def test_a_download_with_other_bytes_leaves_what_was_there(bench: Bench, tmp_path: Path) -> None:
    target, digest = tmp_path / "back", blob(LARGE).digest
    target.write_bytes(b"old")
    bench.registry.blobs["example/kestrel", digest] = b"other"
    with pytest.raises(RegistryError, match="other bytes"):
        bench.repository().fetch_blob(digest, target)
    assert [path.name for path in tmp_path.iterdir()] == ["back"]
    assert target.read_bytes() == b"old"
