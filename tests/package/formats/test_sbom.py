"""Bills of materials against the JSON schema of SPDX 2.3 (tests/data/spdx-2.3.schema.json, CC-BY-3.0, as published
by the SPDX project at https://github.com/spdx/spdx-spec)."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.payload import Directory, File, Payload, Symlink
from jesses.package.compression import Packer
from jesses.package.formats.sbom import (
    Digested,
    DigestedFile,
    SbomSubject,
    document,
    image_url,
    package_url,
)
from tests.support.paths import DATA, GOLDEN

SHA256 = "ab" * 32
ARTIFACT = Artifact(
    path=Path("/dist/packages/kestrel-1.2.0-rc.1_x-x86_64.deb"),
    kind="deb",
    component="userspace",
    name="kestrel",
    version=Version.parse("1.2.0-rc.1+x"),
    arch="x86_64",
    size=1,
    sha256=SHA256,
    signed_sha256="cd" * 32,
)
FILES = {"/usr/bin/kestrel": b"program", "/usr/share/doc/kestrel/größe": b"text"}


def sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


SUBJECT = SbomSubject(
    artifact=ARTIFACT,
    files=tuple(DigestedFile(path, sha1(data), sha256(data)) for path, data in FILES.items()),
    summary="Watches",
    license="MIT AND (GPL-2.0-only OR MIT)",
    homepage="https://kestrel.example.org/",
    vendor="Kestrel",
    date=1_700_000_000,
    purl=package_url(ARTIFACT, "x86_64", project="kestrel"),
)


@pytest.fixture(scope="module")
def validate() -> Callable[[Any], Any]:
    schema = json.loads((DATA / "spdx-2.3.schema.json").read_text(encoding="utf-8"))
    compiled: Callable[[Any], Any] = fastjsonschema.compile(schema)
    return compiled


def test_a_document_satisfies_the_schema(validate: Callable[[Any], Any]) -> None:
    data = json.loads(document(SUBJECT))
    validate(data)
    del data["packages"][0]["downloadLocation"]
    with pytest.raises(fastjsonschema.JsonSchemaException):
        validate(data)


def test_a_payload_without_files_satisfies_it_too(validate: Callable[[Any], Any]) -> None:
    validate(json.loads(document(replace(SUBJECT, files=()))))


def test_the_document_is_the_golden_one() -> None:
    golden = (GOLDEN / "sbom.spdx.json").read_bytes()
    assert document(SUBJECT) == golden


def test_the_files_of_a_payload_are_digested(tmp_path: Path) -> None:
    files = [File(path=path, source=data) for path, data in FILES.items()]
    rest = (Directory(path="/var/lib/kestrel"), Symlink(path="/usr/bin/k", target="kestrel"))
    with Packer(tmp_path, sha1=True) as packer:
        assert tuple(Digested(Payload.of((*files, *rest)), packer.pack)) == SUBJECT.files


def test_it_describes_the_bytes_before_signing() -> None:
    data = json.loads(document(SUBJECT))
    assert data["packages"][0]["checksums"] == [{"algorithm": "SHA256", "checksumValue": SHA256}]
    assert data["documentNamespace"].endswith(SHA256)


def test_every_file_is_contained_once_and_digested() -> None:
    data = json.loads(document(SUBJECT))
    assert [file["fileName"] for file in data["files"]] == [
        "./usr/bin/kestrel",
        "./usr/share/doc/kestrel/größe",
    ]
    contained = [
        relation["relatedSpdxElement"]
        for relation in data["relationships"]
        if relation["relationshipType"] == "CONTAINS"
    ]
    assert contained == [file["SPDXID"] for file in data["files"]]
    # SPDX 2.3, 7.9: the SHA-1 digests, sorted and joined.
    ones = sorted(sha1(content) for content in FILES.values())
    code = hashlib.sha1("".join(ones).encode(), usedforsecurity=False).hexdigest()
    assert data["packages"][0]["packageVerificationCode"]["packageVerificationCodeValue"] == code


def test_package_urls_are_those_of_the_format() -> None:
    final = replace(ARTIFACT, version=Version.parse("1.2.0+x"))
    assert package_url(final, "x86_64", project="kestrel") == ("pkg:deb/kestrel/kestrel@1.2.0%2Bx?arch=amd64")
    assert package_url(replace(final, kind="rpm"), "aarch64", project="kestrel") == (
        "pkg:rpm/kestrel/kestrel@1.2.0%2Bx-1?arch=aarch64"
    )
    assert package_url(replace(ARTIFACT, kind="tarball"), "noarch", project="kestrel") == (
        "pkg:generic/kestrel/kestrel@1.2.0-rc.1%2Bx?arch=noarch"
    )
    assert image_url("ghcr.io/example/kestrel", f"sha256:{SHA256}", "aarch64") == (
        f"pkg:oci/kestrel@sha256%3A{SHA256}?arch=arm64"
    )
