"""An image on a Debian base that is made from Debian's packages, for both architectures."""

import json
import os
import shutil
from pathlib import Path

import docker
import pytest

from ci import base_image
from release.arch import MACHINES, OCI
from release.registry import layout
from release.registry.client import Document, Repository
from release.registry.connect import new_session
from release.registry.push import send
from release.registry.transport import Transport
from tests.engines.cache import cached
from tests.engines.deb_root import host_sources, host_transport
from tests.engines.engines import DEBIAN_ROOT, EMULATOR, require
from tests.engines.product import Product
from tests.engines.test_image import busybox
from tests.repository import Repository as GitRepository

HAWK = """
[project]
name = "hawk"
summary = "Sees"
homepage = "https://hawk.example.org/"
license = "MIT"
maintainer = "H <h@example.org>"
vendor = "V"
[components.hawk]
[builds.hawk]
component = "hawk"
command = ["sh", "build"]
[images.hawk]
component = "hawk"
build = "hawk"
base = "{registry}/library/debian:12"
entrypoint = ["/usr/bin/busybox"]
command = ["cat", "/etc/debian_version"]
contents = [{{ path = "/usr/bin/busybox", staged = "hawk" }}]
[channels.stable]
store = "../site"
registries = ["{registry}/on-debian"]
"""


@pytest.fixture(scope="module")
def debian(registry: str) -> Document:
    """The index of library/debian:12 in the registry."""
    require(DEBIAN_ROOT)
    require(EMULATOR)

    def make(target: Path) -> None:
        base_image.make(target / "layout")

    made = cached("debian-image", (host_sources(), host_transport()), make) / "layout"
    content = layout.content(made)
    repository = reader(registry, "library/debian", writes=True)
    send(content, repository)
    repository.put_manifest(content.documents[-1], "12")
    return content.documents[-1]


def reader(registry: str, name: str, *, writes: bool = False) -> Repository:
    transport = Transport(host=registry, url=f"http://{registry}", session=new_session())
    return Repository(transport, name, writes=writes)


def test_an_image_on_debian_runs_on_both_architectures_with_the_layers_of_debian(
    debian: Document, docker_engine: docker.DockerClient, registry: str, tmp_path: Path
) -> None:
    repository = GitRepository(tmp_path / "hawk")
    for arch in MACHINES:
        shutil.copy(busybox(arch), tmp_path / "hawk" / f"busybox-{arch}")
    build = 'cp "busybox-$JESSES_ARCH" "$JESSES_STAGE/hawk"\nchmod 755 "$JESSES_STAGE/hawk"\n'
    repository.commit({"release.toml": HAWK.format(registry=registry), "build": build})
    repository.git("tag", "1.2.0")
    product = Product(repository=repository, env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    product.release(tmp_path / "dist", "--channel", "stable", "--no-sign")

    made, base = reader(registry, "on-debian/hawk"), reader(registry, "library/debian")
    index = made.manifest("1.2.0").json
    assert index["annotations"]["org.opencontainers.image.base.name"] == f"{registry}/library/debian:12"
    assert index["annotations"]["org.opencontainers.image.base.digest"] == debian.digest
    for ours, theirs in zip(index["manifests"], debian.json["manifests"], strict=True):
        below = base.manifest(theirs["digest"]).json["layers"]
        assert made.manifest(ours["digest"]).json["layers"][: len(below)] == below

    # The host may be at an older point release than the packages.
    release, _, _ = Path("/etc/debian_version").read_text(encoding="utf-8").partition(".")
    for arch in sorted(MACHINES, key=lambda machine: machine == os.uname().machine):
        platform = f"linux/{OCI[arch]}"
        image = docker_engine.images.pull(f"{registry}/on-debian/hawk", tag="1.2", platform=platform)
        options = {"network_mode": "none", "remove": True, "platform": platform}
        version = docker_engine.containers.run(str(image.id), **options)  # type: ignore[call-overload]
        assert version.decode().startswith(f"{release}.")
        listed = docker_engine.containers.run(
            str(image.id),
            ["-c", "find /etc/apt -name '*.list' -o -name '*.sources'; dpkg --print-architecture"],
            entrypoint="/bin/sh",
            **options,  # type: ignore[call-overload]
        )
        assert listed.decode() == f"{OCI[arch]}\n"
    shown = json.loads((tmp_path / "dist/artifacts.json").read_text())["artifacts"][0]
    assert f"sha256:{shown['sha256']}" == made.manifest("latest").digest
