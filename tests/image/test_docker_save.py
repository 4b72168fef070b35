"""What an engine saves, as a base."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from jesses.base.errors import FormatError
from jesses.image import docker_save
from jesses.image.base import Base
from jesses.package.compression import Packer

CONFIG = {
    "architecture": "arm64",
    "os": "linux",
    "created": "2026-01-01T00:00:00Z",
    "config": {"Cmd": ["sh"]},
    "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "RUN one"}],
}
PLAIN = [b"layer one" * 9000, b"layer two", b"layer one" * 9000]


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def image(layers: dict[str, bytes], plain: Sequence[bytes] = ()) -> dict[str, bytes]:
    digests = [f"sha256:{hashlib.sha256(data).hexdigest()}" for data in plain]
    config = {**CONFIG, "rootfs": {"type": "layers", "diff_ids": digests}}
    manifest = [{"Config": "config.json", "RepoTags": None, "Layers": list(layers)}]
    return {
        "manifest.json": json.dumps(manifest).encode(),
        "config.json": json.dumps(config).encode(),
        **layers,
    }


def read(path: Path, scratch: Path) -> Base:
    with Packer(scratch / "spool", threads=1) as packer:
        return docker_save.read(path, scratch / "layers", packer)


@pytest.mark.parametrize("compressed", [False, True])
def test_layers_are_compressed_our_way_and_named_by_their_own_digests(
    tmp_path: Path, compressed: bool
) -> None:
    stored = [gzip.compress(data) if compressed else data for data in PLAIN]
    names = ["a/layer.tar", "b/layer.tar", "blobs/sha256/c"]
    base = read(archive(tmp_path / "x.tar", image(dict(zip(names, stored, strict=True)), PLAIN)), tmp_path)
    assert base.diff_ids == tuple(f"sha256:{hashlib.sha256(data).hexdigest()}" for data in PLAIN)
    for layer, data in zip(base.layers, PLAIN, strict=True):
        packed = base.path(layer).read_bytes()
        assert gzip.decompress(packed) == data
        assert layer.digest == f"sha256:{hashlib.sha256(packed).hexdigest()}"
        assert layer.size == len(packed)
    assert {path.name for path in base.directory.iterdir()} == {layer.sha256 for layer in base.layers}


def test_layers_that_were_damaged_on_their_way_are_refused(tmp_path: Path) -> None:
    members = image({"layer.tar": b"layer two"}, [b"layer one"])
    with pytest.raises(FormatError, match="is damaged: its layers are not those of its configuration"):
        read(archive(tmp_path / "x.tar", members), tmp_path)


def test_the_history_has_no_times(tmp_path: Path) -> None:
    base = read(archive(tmp_path / "x.tar", image({})), tmp_path)
    assert base.config.history == ({"created_by": "RUN one"},)
    assert base.run == {"Cmd": ["sh"]}


@pytest.mark.parametrize("members", [{}, {"manifest.json": b"{"}, {"manifest.json": b"[]"}])
def test_what_is_no_image_is_refused(tmp_path: Path, members: dict[str, bytes]) -> None:
    with pytest.raises(FormatError, match="is not what docker save writes"):
        read(archive(tmp_path / "x.tar", members), tmp_path)
