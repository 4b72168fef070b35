"""Documents of images are read by one parser, which believes nothing."""

import json
from typing import Any

import pytest

from jesses.base.errors import FormatError
from jesses.image.manifest import (
    CONFIG,
    INDEX,
    LAYER,
    MANIFEST,
    Descriptor,
    Document,
    ImageIndex,
    Manifest,
    Platform,
    encode,
    parse,
    parse_descriptor,
    parse_index,
    parse_manifest,
)

DIGEST = f"sha256:{'0f' * 32}"
ENTRY = {"mediaType": CONFIG, "digest": DIGEST, "size": 2}
LAYERED: dict[str, Any] = {"schemaVersion": 2, "config": ENTRY, "layers": [{**ENTRY, "mediaType": LAYER}]}
LISTING: dict[str, Any] = {"schemaVersion": 2, "manifests": [{**ENTRY, "mediaType": MANIFEST}]}


def document(fields: object) -> Document:
    return Document(media_type="application/json", data=json.dumps(fields).encode())


def test_a_descriptor_says_where_its_blob_lies() -> None:
    descriptor = Descriptor(media_type=LAYER, digest="sha256:00ff", size=3)
    assert descriptor.path == "blobs/sha256/00ff"
    assert descriptor.sha256 == "00ff"


def test_what_is_written_is_read_back() -> None:
    config = Descriptor(media_type=CONFIG, digest=DIGEST, size=2, annotations={"a": "détails"})
    manifest = Manifest(
        config=config, layers=(config,), subject=config, artifact_type="x", annotations={"b": "c"}
    )
    assert parse(manifest.encode()) == manifest
    index = ImageIndex(manifests=(config,), annotations={"b": "c"})
    assert parse(index.encode()) == index


def test_fields_stand_in_the_order_of_the_specification_and_empty_ones_are_left_out() -> None:
    config = Descriptor(media_type=CONFIG, digest=DIGEST, size=0)
    listed = Descriptor(media_type=MANIFEST, digest=DIGEST, size=1, platform=Platform.of("aarch64"))
    assert Manifest(config=config, layers=()).encode().data == (
        b'{"schemaVersion":2,"mediaType":"%b","config":{"mediaType":"%b","digest":"%b","size":0},"layers":[]}'
        % (MANIFEST.encode(), CONFIG.encode(), DIGEST.encode())
    )
    assert ImageIndex(manifests=(listed,)).encode().data == (
        b'{"schemaVersion":2,"mediaType":"%b","manifests":[{"mediaType":"%b","digest":"%b","size":1,'
        b'"platform":{"architecture":"arm64","os":"linux"}}]}'
        % (INDEX.encode(), MANIFEST.encode(), DIGEST.encode())
    )


@pytest.mark.parametrize(
    ("architecture", "os", "arch"),
    [
        ("amd64", "linux", "x86_64"),
        ("arm64", "linux", "aarch64"),
        ("s390x", "linux", None),
        ("amd64", "windows", None),
    ],
)
def test_a_platform_is_one_of_ours_or_none(architecture: str, os: str, arch: str | None) -> None:
    platform = {"architecture": architecture, "os": os, "variant": "v8"}
    assert parse_descriptor({**ENTRY, "platform": platform}).arch == arch


def test_documents_of_docker_are_read() -> None:
    docker = "application/vnd.docker.distribution.manifest"
    assert parse_manifest(document({**LAYERED, "mediaType": f"{docker}.v2+json"})).config.digest == DIGEST
    assert parse_index(document({**LISTING, "mediaType": f"{docker}.list.v2+json"})).manifests[0].size == 2


BAD_ENTRIES: dict[str, dict[str, Any]] = {
    "a digest of another algorithm": {"digest": f"sha512:{'0' * 128}"},
    "a digest that is too short": {"digest": "sha256:00ff"},
    "a digest in upper case": {"digest": DIGEST.upper()},
    "a digest with a path": {"digest": f"{DIGEST}/../x"},
    "a digest with a line": {"digest": f"{DIGEST}\n"},
    "a negative size": {"size": -1},
    "a size that is text": {"size": "2"},
    "no media type": {"mediaType": None},
    "annotations that are no texts": {"annotations": {"a": 1}},
    "a platform without a system": {"platform": {"architecture": "amd64"}},
}


@pytest.mark.parametrize("wrong", BAD_ENTRIES.values(), ids=BAD_ENTRIES)
def test_a_bad_descriptor_is_refused_wherever_it_stands(wrong: dict[str, Any]) -> None:
    entry = {**ENTRY, **wrong}
    with pytest.raises(FormatError, match="a descriptor cannot be used"):
        parse_descriptor(entry)
    for fields in (
        {**LAYERED, "config": entry},
        {**LAYERED, "layers": [entry]},
        {**LISTING, "manifests": [entry]},
    ):
        made = document(fields)
        with pytest.raises(FormatError, match=f"the manifest {made.digest} is not as the OCI") as refusal:
            parse(made)
        assert refusal.value.fix


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ([], "is not JSON"),
        ({}, "missing required field `config`"),
        ({**LAYERED, **LISTING}, "it is a manifest and an index at once"),
        ({**LAYERED, "mediaType": INDEX}, f"its type is {INDEX}".replace("+", r"\+")),
        ({**LISTING, "mediaType": MANIFEST}, f"its type is {MANIFEST}".replace("+", r"\+")),
        ({**LAYERED, "layers": None}, "Expected `array`"),
    ],
)
def test_what_is_no_document_of_an_image_is_refused(fields: object, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        parse(document(fields))


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000], ids=["empty", "cut", "binary", "deep"])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match="is not JSON"):
        parse(Document(media_type=MANIFEST, data=data))


def test_one_is_not_taken_for_the_other() -> None:
    with pytest.raises(FormatError, match="it is an index, where a manifest should be"):
        parse_manifest(document(LISTING))
    with pytest.raises(FormatError, match="it is a manifest, where an index should be"):
        parse_index(document(LAYERED))


def test_json_is_compact_and_keeps_its_order_and_its_letters() -> None:
    assert encode({"b": 1, "a": "détails"}) == '{"b":1,"a":"détails"}'.encode()
