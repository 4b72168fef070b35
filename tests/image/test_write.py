import gzip
import hashlib
import io
import json
import os
import random
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jesses.base.payload import File, Payload
from jesses.image.manifest import INDEX
from jesses.image.model import LAYER_TIME, About, ImageConfig
from jesses.image.oci_layout import ImageLayout
from jesses.image.write import write_layout
from jesses.package.compression import INLINE, Cache, Packer
from tests.support.image_example import (
    AGENT,
    ANNOTATIONS,
    CREATED,
    KESTREL,
    Layout,
    both,
    tree,
)


@pytest.fixture
def packer(tmp_path: Path) -> Iterator[Packer]:
    with Packer(tmp_path / "spool", threads=2) as packer:
        yield packer


def test_a_layout_is_what_the_specification_says(packer: Packer, tmp_path: Path) -> None:
    write_layout(both(), tmp_path / "layout", packer)
    layout = Layout.at(tmp_path / "layout")
    assert layout.document("oci-layout") == {"imageLayoutVersion": "1.0.0"}
    [entry] = layout.document("index.json")["manifests"]
    index = layout.json(entry, "application/vnd.oci.image.index.v1+json")
    platforms = [descriptor["platform"] for descriptor in index["manifests"]]
    assert platforms == [{"architecture": name, "os": "linux"} for name in ("amd64", "arm64")]
    for descriptor in index["manifests"]:
        layout.check_manifest(descriptor, descriptor["platform"]["architecture"])
    assert layout.reached == set(layout.files)


def test_the_index_goes_by_its_tag_and_its_whole_name(packer: Packer, tmp_path: Path) -> None:
    write_layout(both(), tmp_path / "layout", packer)
    [entry] = Layout.at(tmp_path / "layout").document("index.json")["manifests"]
    assert entry["annotations"] == {
        "io.containerd.image.name": "docker.io/example/kestrel:1.2.3-4_abc1234",
        "org.opencontainers.image.ref.name": "1.2.3-4_abc1234",
    }


def test_what_is_returned_is_what_was_written(packer: Packer, tmp_path: Path) -> None:
    index = write_layout(both(), tmp_path / "layout", packer)
    layout = Layout.at(tmp_path / "layout")
    [entry] = layout.document("index.json")["manifests"]
    assert entry["digest"] == index.descriptor.digest == f"sha256:{index.descriptor.sha256}"
    manifests = layout.json(entry, INDEX)["manifests"]
    assert [image.descriptor.document() for image in index.images] == manifests
    assert index.size == sum(len(data) for name, data in layout.files.items() if name.startswith("blobs/"))


def test_index_and_manifests_carry_the_annotations(packer: Packer, tmp_path: Path) -> None:
    index = write_layout(both(), tmp_path / "layout", packer)
    layout = Layout.at(tmp_path / "layout")
    for descriptor in (index.descriptor, *(image.descriptor for image in index.images)):
        assert json.loads(layout.files[descriptor.path])["annotations"] == ANNOTATIONS


def test_the_configuration_is_the_golden_one(packer: Packer, tmp_path: Path) -> None:
    index = write_layout(both(), tmp_path / "layout", packer)
    text = (tmp_path / "layout" / index.images[0].manifest.config.path).read_text(encoding="utf-8")
    golden = {
        "created": CREATED,
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "User": "65532:65533",
            "ExposedPorts": {"8080/tcp": {}, "9090": {}},
            "Env": ["KESTREL_LOG=info", "A=b=c"],
            "Entrypoint": ["/usr/bin/kestrel"],
            "Cmd": ["--once"],
            "Volumes": {"/var/lib/kestrel": {}},
            "WorkingDir": "/var/lib/kestrel",
            "Labels": {
                "org.example.team": "birds",
                **ANNOTATIONS,
                "org.opencontainers.image.title": "Kestrel, overridden",
            },
        },
        "rootfs": {
            "type": "layers",
            "diff_ids": ["sha256:ab9c8a4ca2fcf478547b59f7ceb26052be542106d207524b1f9074f1a28500cd"],
        },
        "history": [{"created": CREATED, "created_by": "jesses"}],
    }
    assert text == json.dumps(golden, separators=(",", ":"), ensure_ascii=False)


def test_what_is_not_set_is_not_written(packer: Packer, tmp_path: Path) -> None:
    plain = replace(KESTREL, config=ImageConfig(), about=About())
    index = write_layout([plain], tmp_path / "layout", packer)
    config = json.loads(
        (tmp_path / "layout" / index.images[0].manifest.config.path).read_text(encoding="utf-8")
    )
    version = {
        f"org.opencontainers.image.{key}": ANNOTATIONS[f"org.opencontainers.image.{key}"]
        for key in ("created", "version")
    }
    assert config["config"] == {"Labels": version}


def test_a_layer_holds_the_payload_its_parents_and_numeric_owners(packer: Packer, tmp_path: Path) -> None:
    index = write_layout(both(), tmp_path / "layout", packer)
    data = (tmp_path / "layout" / index.images[0].manifest.layers[0].path).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
        members = tar.getmembers()
        stream = tar.extractfile("usr/bin/kestrel")
        assert stream is not None
        assert stream.read() == AGENT.source
    assert [(info.name, info.mode, info.uid, info.gid) for info in members] == [
        ("kestrel", 0o777, 0, 0),
        ("usr", 0o755, 0, 0),
        ("usr/bin", 0o755, 0, 0),
        ("usr/bin/kestrel", 0o755, 0, 0),
        ("var", 0o755, 0, 0),
        ("var/lib", 0o755, 0, 0),
        ("var/lib/kestrel", 0o700, 65532, 65533),
        ("var/lib/kestrel/state", 0o600, 65532, 2147483647),
    ]
    assert {info.mtime for info in members} == {LAYER_TIME}
    assert {info.uname for info in members if info.uid} == {""}


def test_a_layer_reuses_what_was_compressed_for_the_packages(packer: Packer, tmp_path: Path) -> None:
    large = tmp_path / "agent"
    large.write_bytes(random.Random(1).randbytes(4 * INLINE))  # noqa: S311
    packed = packer.pack(large)
    assert packed.deflated is not None
    payload = Payload.of([File(path="/agent", source=large, mode=0o755)])
    index = write_layout(
        [replace(KESTREL, payload=payload, config=ImageConfig())], tmp_path / "layout", packer
    )
    layer = (tmp_path / "layout" / index.images[0].manifest.layers[0].path).read_bytes()
    assert bytes(packed.deflated) in layer


def test_a_layer_that_was_written_before_is_not_read_again(tmp_path: Path) -> None:
    """Its content is read once, to be compressed; its plain digest is remembered."""
    agent = tmp_path / "agent"
    cache = Cache(directory=tmp_path / "cache")
    payload = Payload.of([File(path="/agent", source=agent, mode=0o755)])
    image = replace(KESTREL, payload=payload, config=ImageConfig())
    made: list[ImageLayout] = []
    for run in ("one", "two"):
        agent.write_bytes(random.Random(1).randbytes(4 * INLINE))  # noqa: S311
        with Packer(tmp_path / f"spool-{run}", threads=1, cache=cache) as packer:
            packer.prepare(payload.files)
            if made:
                agent.unlink()
            made.append(write_layout([image], tmp_path / run, packer))
    assert made[0].descriptor == made[1].descriptor
    other = replace(image, payload=Payload.of([File(path="/agent", source=b"another", mode=0o755)]))
    with Packer(tmp_path / "spool", threads=1, cache=cache) as packer:
        index = write_layout([other], tmp_path / "three", packer)
    config = json.loads((tmp_path / "three" / index.images[0].manifest.config.path).read_bytes())
    layer = gzip.decompress((tmp_path / "three" / index.images[0].manifest.layers[0].path).read_bytes())
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]


def test_the_next_version_has_the_same_layer_where_the_files_are_the_same(
    packer: Packer, tmp_path: Path
) -> None:
    one = write_layout(both(), tmp_path / "one", packer)
    later = [replace(image, version=image.version.bump_patch(), date=image.date + 1) for image in both()]
    two = write_layout(later, tmp_path / "two", packer)
    assert two.descriptor != one.descriptor
    assert [made.manifest.layers for made in two.images] == [made.manifest.layers for made in one.images]


def test_the_same_image_gives_the_same_bytes_and_modes(packer: Packer, tmp_path: Path) -> None:
    write_layout(both(), tmp_path / "one", packer)
    before = os.umask(0o077)
    try:
        write_layout(list(reversed(both())), tmp_path / "another" / "place", packer)
    finally:
        os.umask(before)
    assert tree(tmp_path / "one") == tree(tmp_path / "another" / "place")
    modes = {
        path.is_dir(): path.stat().st_mode & 0o777 for path in (tmp_path / "another" / "place").rglob("*")
    }
    assert modes == {True: 0o755, False: 0o644}


TEXTS = st.dictionaries(
    st.text(st.characters(codec="utf-8", exclude_characters="=\0"), min_size=1),
    st.text(st.characters(codec="utf-8")),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(env=TEXTS, labels=TEXTS)
def test_any_text_survives(
    env: dict[str, str], labels: dict[str, str], packer: Packer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("image") / "layout"
    config = replace(KESTREL.config, env=env, labels=labels)
    index = write_layout([replace(KESTREL, config=config)], directory, packer)
    written = json.loads((directory / index.images[0].manifest.config.path).read_bytes())["config"]
    assert written.get("Env", []) == [f"{name}={value}" for name, value in env.items()]
    assert written["Labels"] == {**ANNOTATIONS, **labels}
