"""An image on a base: layers as they are, configuration as in a Dockerfile."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from semver import Version

from jesses.base.errors import FormatError
from jesses.base.payload import Directory, File, Payload
from jesses.image.base import Base, passed_on
from jesses.image.config_file import parse_config
from jesses.image.manifest import LAYER, Descriptor
from jesses.image.model import Image, ImageConfig
from jesses.image.oci_layout import ImageLayout
from jesses.image.write import write_layout
from jesses.package.compression import Packer

DATA = b"a layer that nobody unpacks"
SHA256 = hashlib.sha256(DATA).hexdigest()
DIGEST = f"sha256:{SHA256}"
CONFIG = {
    "architecture": "arm64",
    "variant": "v8",
    "os": "linux",
    "config": {
        "Env": ["PATH=/usr/bin", "LANG=C"],
        "Cmd": ["bash"],
        "Entrypoint": ["/init"],
        "Labels": {"from": "base"},
        "StopSignal": "SIGINT",
        "ExposedPorts": {"80/tcp": {}},
    },
    "rootfs": {"type": "layers", "diff_ids": [f"sha256:{'1' * 64}"]},
    "history": [{"created_by": "somebody"}],
}


@pytest.fixture
def base(tmp_path: Path) -> Base:
    (tmp_path / SHA256).write_bytes(DATA)
    return Base(
        name="docker.io/library/debian:12",
        digest=f"sha256:{'2' * 64}",
        index_digest=f"sha256:{'3' * 64}",
        config=parse_config(json.dumps(CONFIG).encode(), name="debian"),
        layers=(Descriptor(media_type=LAYER, digest=DIGEST, size=len(DATA)),),
        directory=tmp_path,
    )


def image(base: Base | None, *, config: ImageConfig | None = None, **options: Any) -> Image:  # noqa: ANN401
    payload = Payload.of([File(path="/usr/bin/hawk", source=b"hawk", mode=0o755)])
    return Image(
        large=4 << 20,
        **{
            "name": "hawk",
            "version": Version(1),
            "arch": "aarch64",
            "date": 1_700_000_000,
            "payload": payload,
            "config": config or ImageConfig(),
            "base": base,
            **options,
        },
    )


def write(image: Image, directory: Path) -> ImageLayout:
    with Packer(directory / "spool", threads=1) as packer:
        return write_layout([image], directory / "layout", packer)


def read(index: ImageLayout, descriptor: Descriptor) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((index.directory / descriptor.path).read_bytes())
    return found


def test_the_layers_of_the_base_come_first_and_unchanged(base: Base, tmp_path: Path) -> None:
    index = write(image(base), tmp_path)
    [made] = index.images
    manifest = made.manifest
    assert manifest.layers[0] == base.layers[0]
    assert (index.directory / base.layers[0].path).read_bytes() == DATA
    config = read(index, manifest.config)
    assert config["rootfs"]["diff_ids"][0] == f"sha256:{'1' * 64}"
    assert len(config["rootfs"]["diff_ids"]) == len(manifest.layers) == 2
    assert [entry["created_by"] for entry in config["history"]] == ["somebody", "jesses"]
    assert config["variant"] == "v8"


def test_the_base_is_named_with_its_digest(base: Base, tmp_path: Path) -> None:
    index = write(image(base), tmp_path)
    for descriptor, digest in (
        (index.descriptor, base.index_digest),
        (index.images[0].descriptor, base.digest),
    ):
        annotations = read(index, descriptor)["annotations"]
        assert annotations["org.opencontainers.image.base.name"] == base.name
        assert annotations["org.opencontainers.image.base.digest"] == digest


def run_of(image: Image, directory: Path) -> dict[str, Any]:
    index = write(image, directory)
    found: dict[str, Any] = read(index, index.images[0].manifest.config)["config"]
    return found


def test_what_the_image_does_not_say_the_base_says(base: Base, tmp_path: Path) -> None:
    run = run_of(image(base, config=ImageConfig(env={"LANG": "C.UTF-8", "NEW": "1"})), tmp_path)
    assert run["Env"] == ["PATH=/usr/bin", "LANG=C.UTF-8", "NEW=1"]
    assert (run["Entrypoint"], run["Cmd"]) == (["/init"], ["bash"])
    assert run["StopSignal"] == "SIGINT"
    assert run["Labels"]["from"] == "base"


def test_what_the_image_says_comes_before_the_base(base: Base, tmp_path: Path) -> None:
    config = ImageConfig(entrypoint=("/usr/bin/hawk",), exposed_ports=("8080/tcp",), labels={"from": "us"})
    run = run_of(image(base, config=config), tmp_path)
    assert run["Entrypoint"] == ["/usr/bin/hawk"]
    assert "Cmd" not in run
    assert run["ExposedPorts"] == {"80/tcp": {}, "8080/tcp": {}}
    assert run["Labels"]["from"] == "us"


def test_it_is_reproducible(base: Base, tmp_path: Path) -> None:
    digests = set()
    for number in range(2):
        directory = tmp_path / str(number)
        directory.mkdir()
        digests.add(write(image(base), directory).descriptor.digest)
    assert len(digests) == 1


def test_a_program_of_the_base_may_be_run(base: Base, tmp_path: Path) -> None:
    write(image(base, config=ImageConfig(entrypoint=("/usr/bin/bash",))), tmp_path)


def test_what_would_replace_a_link_of_the_base_is_refused(base: Base, tmp_path: Path) -> None:
    payload = Payload.of([File(path="/bin/hawk", source=b"hawk", mode=0o755)])
    with pytest.raises(FormatError, match="/bin may be a link, which this would replace: use /usr/bin/hawk"):
        write(image(base, payload=payload), tmp_path)


def test_directories_of_the_base_keep_their_modes(base: Base, tmp_path: Path) -> None:
    payload = Payload.of(
        [File(path="/tmp/hawk", source=b"hawk"), Directory(path="/var/lib/hawk", mode=0o700)]
    )
    on_base = write(image(base, payload=payload), tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    from_scratch = write(replace(image(base, payload=payload), base=None), other)
    assert on_base.images[0].manifest.layers[-1].digest != from_scratch.images[0].manifest.layers[-1].digest


def test_layers_that_may_not_be_passed_on_are_refused() -> None:
    foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    with pytest.raises(FormatError, match="cannot be passed on"):
        passed_on(Descriptor(media_type=foreign, digest=DIGEST, size=3), name="windows")


def test_docker_names_of_layers_become_those_of_oci() -> None:
    docker = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    found = passed_on(Descriptor(media_type=docker, digest=DIGEST, size=3), name="debian")
    assert found == Descriptor(media_type=LAYER, digest=DIGEST, size=3)
