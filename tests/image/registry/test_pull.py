"""Bases from a registry."""

from pathlib import Path

import pytest
from semver import Version

from jesses.base.errors import RegistryError
from jesses.base.naming.arch import MACHINES, OCI
from jesses.base.payload import File, Payload
from jesses.image.manifest import CONFIG, INDEX, LAYER, Descriptor, Document, Manifest, encode
from jesses.image.model import Image
from jesses.image.registry.pull import BlobCache, pull_bases, pull_layout
from jesses.image.registry.push import ImageContent, layout_content, send
from jesses.image.registry.reference import Reference
from jesses.image.registry.upload import Blob
from jesses.image.write import write_layout
from jesses.package.compression import Packer
from tests.support.fake_registry import FakeRegistry
from tests.support.registry_bench import HOST, Bench, blob

NAME = Reference.parse(f"{HOST}/library/debian:12")
THE_LAYER = blob(b"a layer")


def descriptor(media_type: str, blob: Blob) -> Descriptor:
    return Descriptor(media_type=media_type, digest=blob.digest, size=blob.size)


@pytest.fixture
def bench() -> Bench:
    """A registry with debian:12 for amd64 and for arm64 v8, and one more that we do not want."""
    bench = Bench(FakeRegistry())
    documents, blobs, listed = [], [THE_LAYER], []
    for arch, more in (("s390x", {}), ("arm64", {"variant": "v8"}), ("amd64", {})):
        config = {
            "os": "linux",
            "architecture": arch,
            "rootfs": {"type": "layers", "diff_ids": [THE_LAYER.digest]},
            **more,
        }
        blobs.append(blob(encode(config)))
        manifest = Manifest(config=descriptor(CONFIG, blobs[-1]), layers=(descriptor(LAYER, THE_LAYER),))
        documents.append(manifest.encode())
        platform = {"os": "linux", "architecture": arch, **more}
        listed.append({**documents[-1].descriptor.document(), "platform": platform})
    index = Document(media_type=INDEX, data=encode({"schemaVersion": 2, "manifests": listed}))
    repository = bench.repository("library/debian")
    send(ImageContent(blobs=tuple(blobs), documents=(*documents, index)), repository)
    repository.put_manifest(index, "12")
    repository.put_manifest(documents[-1], "only-amd64")
    bench.registry.requests.clear()
    return bench


def test_each_architecture_has_its_base_and_layers_come_once(bench: Bench, tmp_path: Path) -> None:
    cache = BlobCache(directory=tmp_path / "blobs")
    found = pull_bases(NAME, bench.repository("library/debian"), ("x86_64", "aarch64"), cache)
    assert {arch: base.config.architecture for arch, base in found.items()} == dict(OCI)
    assert found["aarch64"].config.variant == "v8"
    assert found["x86_64"].name == str(NAME)
    assert found["x86_64"].index_digest == found["aarch64"].index_digest
    assert found["x86_64"].path(found["x86_64"].layers[0]).read_bytes() == b"a layer"
    fetched = [request for request in bench.registry.requests if request.url.endswith(THE_LAYER.digest)]
    assert len(fetched) == 1
    assert [path.name for path in cache.directory.iterdir()] == [THE_LAYER.digest.removeprefix("sha256:")]


def test_a_layer_that_is_here_is_not_fetched_unless_it_is_damaged(bench: Bench, tmp_path: Path) -> None:
    cache, repository = BlobCache(directory=tmp_path), bench.repository("library/debian")
    pull_bases(NAME, repository, ("x86_64",), cache)
    bench.registry.requests.clear()
    pull_bases(NAME, repository, ("x86_64",), cache)
    assert not [request for request in bench.registry.requests if request.url.endswith(THE_LAYER.digest)]
    [kept] = tmp_path.iterdir()
    kept.write_bytes(b"damaged")
    pull_bases(NAME, repository, ("x86_64",), cache)
    assert kept.read_bytes() == b"a layer"


def test_an_image_for_one_architecture_will_do_for_that_one(bench: Bench, tmp_path: Path) -> None:
    reference = Reference.parse(f"{HOST}/library/debian:only-amd64")
    repository, cache = bench.repository("library/debian"), BlobCache(directory=tmp_path)
    [base] = pull_bases(reference, repository, ("x86_64",), cache).values()
    assert base.index_digest == base.digest
    with pytest.raises(RegistryError, match="is not there for aarch64"):
        pull_bases(reference, repository, ("aarch64",), cache)


def test_a_base_that_is_not_there_is_named(bench: Bench, tmp_path: Path) -> None:
    reference = Reference.parse(f"{HOST}/library/debian:13")
    with pytest.raises(RegistryError, match=f"{HOST}/library/debian has no 13"):
        pull_bases(reference, bench.repository("library/debian"), ("x86_64",), BlobCache(directory=tmp_path))


def test_an_image_of_ours_comes_back_as_the_layout_that_it_was(bench: Bench, tmp_path: Path) -> None:
    images = [
        Image(
            large=4 << 20,
            name="hawk",
            version=Version(1),
            arch=arch,
            date=7,
            payload=Payload.of([File(path="/usr/bin/hawk", source=arch.encode(), mode=0o755)]),
        )
        for arch in MACHINES
    ]
    with Packer(tmp_path / "spool", threads=1) as packer:
        made = write_layout(images, tmp_path / "layout", packer)
    repository = bench.repository("example/hawk")
    send(layout_content(made.directory), repository)
    pull_layout(
        repository.manifest(made.descriptor.digest), repository, tmp_path / "back", name="hawk", tag=made.tag
    )
    files = {path.relative_to(made.directory) for path in made.directory.rglob("*") if path.is_file()}
    assert files == {
        path.relative_to(tmp_path / "back") for path in (tmp_path / "back").rglob("*") if path.is_file()
    }
    for name in files:
        assert (tmp_path / "back" / name).read_bytes() == (made.directory / name).read_bytes()
