"""An image of both architectures, and a reader of layouts that knows the specification alone."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from semver import Version

from jesses.base.naming.arch import MACHINES
from jesses.base.payload import Directory, File, Payload, Symlink
from jesses.image import docker_archive
from jesses.image.model import About, Image, ImageConfig
from jesses.image.oci_layout import ImageLayout

DATE = 1_700_000_000
CREATED = "2023-11-14T22:13:20Z"

AGENT = File(path="/usr/bin/kestrel", source=b"\x7fELF" * 300, mode=0o755)
ENTRIES = (
    AGENT,
    Symlink(path="/kestrel", target="usr/bin/kestrel"),
    Directory(path="/var/lib/kestrel", mode=0o700, owner="65532", group="65533"),
    File(path="/var/lib/kestrel/state", source=b"{}", mode=0o600, owner="65532", group="2147483647"),
)
KESTREL = Image(
    large=4 << 20,
    name="example/kestrel",
    version=Version.parse("1.2.3-4+abc1234"),
    arch="x86_64",
    date=DATE,
    payload=Payload.of(ENTRIES),
    config=ImageConfig(
        entrypoint=("/usr/bin/kestrel",),
        cmd=("--once",),
        env={"KESTREL_LOG": "info", "A": "b=c"},
        labels={"org.example.team": "birds", "org.opencontainers.image.title": "Kestrel, overridden"},
        user="65532:65533",
        exposed_ports=("9090", "8080/tcp"),
        volumes=("/var/lib/kestrel",),
        working_dir="/var/lib/kestrel",
    ),
    about=About(title="Kestrel", description="sees everything, détails", licenses="MIT", revision="abc1234"),
)
ANNOTATIONS = {
    "org.opencontainers.image.created": CREATED,
    "org.opencontainers.image.description": "sees everything, détails",
    "org.opencontainers.image.licenses": "MIT",
    "org.opencontainers.image.revision": "abc1234",
    "org.opencontainers.image.title": "Kestrel",
    "org.opencontainers.image.version": "1.2.3-4+abc1234",
}


def both(image: Image = KESTREL) -> list[Image]:
    return [replace(image, arch=arch) for arch in MACHINES]


def entries_in(archive: bytes) -> list[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return [(info, stream.read() if (stream := tar.extractfile(info)) else b"") for info in tar]


def archive_of(index: ImageLayout, arch: Any = "x86_64") -> bytes:  # noqa: ANN401
    with docker_archive.assembled(index, arch) as archive:
        return bytes(archive)


def tree(directory: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(directory).as_posix(): (
            path.stat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in directory.rglob("*")
    }


class Layout:
    """Reads a layout as the specification says, and nothing else."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.reached = {"oci-layout", "index.json"}

    @classmethod
    def at(cls, directory: Path) -> "Layout":
        return cls({name: data for name, (_, data) in tree(directory).items() if data})

    def document(self, name: str) -> Any:  # noqa: ANN401
        return json.loads(self.files[name])

    def blob(self, descriptor: Mapping[str, Any]) -> bytes:
        algorithm, _, digest = descriptor["digest"].partition(":")
        assert algorithm == "sha256"
        data = self.files[f"blobs/sha256/{digest}"]
        self.reached.add(f"blobs/sha256/{digest}")
        assert hashlib.sha256(data).hexdigest() == digest
        assert len(data) == descriptor["size"]
        return data

    def json(self, descriptor: Mapping[str, Any], media_type: str) -> Any:  # noqa: ANN401
        assert descriptor["mediaType"] == media_type
        document = json.loads(self.blob(descriptor))
        assert document.get("mediaType", media_type) == media_type
        return document

    def check_manifest(self, descriptor: Mapping[str, Any], architecture: str) -> None:
        manifest = self.json(descriptor, "application/vnd.oci.image.manifest.v1+json")
        assert manifest["schemaVersion"] == 2
        config = self.json(manifest["config"], "application/vnd.oci.image.config.v1+json")
        assert (config["architecture"], config["os"]) == (architecture, "linux")
        assert config["rootfs"]["type"] == "layers"
        assert config["rootfs"]["diff_ids"] == [self.diff_id(layer) for layer in manifest["layers"]]
        assert len(config["history"]) == len(manifest["layers"])

    def diff_id(self, layer: Mapping[str, Any]) -> str:
        assert layer["mediaType"] == "application/vnd.oci.image.layer.v1.tar+gzip"
        return f"sha256:{hashlib.sha256(gzip.decompress(self.blob(layer))).hexdigest()}"
