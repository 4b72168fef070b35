"""An image on a Debian base that is made from Debian's packages, for both architectures."""

import json
import os
import shutil
from pathlib import Path

import docker
import pytest

from ci import base_image
from jesses.base.naming.arch import MACHINES, OCI
from jesses.image.manifest import Document
from jesses.image.registry.client import ImageRepository
from jesses.image.registry.network import Network, new_session
from jesses.image.registry.push import layout_content, send
from jesses.image.registry.transport import RegistryTransport
from tests.engines.cache import cached
from tests.engines.deb_root import host_sources, host_transport
from tests.engines.engines import DEBIAN_ROOT, EMULATOR, require
from tests.engines.product import Product
from tests.engines.test_image import busybox
from tests.support.hawk import PROJECT
from tests.support.repository import Repository as GitRepository

HAWK = (
    PROJECT
    + """
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
)


# No more than the tests look at, and unpacked alone: to configure those of the other architecture takes minutes.
PACKAGES = ("base-files", "bash", "coreutils", "dash", "dpkg", "findutils")


@pytest.fixture(scope="module")
def debian(registry: str) -> Document:
    """The index of library/debian:12 in the registry."""
    require(DEBIAN_ROOT)

    def make(target: Path) -> None:
        base_image.make(target / "layout", PACKAGES, variant="extract")

    script = Path(base_image.__file__).read_text(encoding="utf-8")
    made = cached("debian-image", (host_sources(), host_transport(), PACKAGES, script), make) / "layout"
    content = layout_content(made)
    repository = reader(registry, "library/debian", writes=True)
    send(content, repository)
    repository.put_manifest(content.documents[-1], "12")
    return content.documents[-1]


@pytest.fixture(scope="module")
def hawk(debian: Document, registry: str, tmp_path_factory: pytest.TempPathFactory) -> Product:
    """A product whose image stands on it, released."""
    directory = tmp_path_factory.mktemp("on-debian")
    repository = GitRepository(directory / "hawk")
    for arch in MACHINES:
        shutil.copy(busybox(arch), directory / "hawk" / f"busybox-{arch}")
    build = 'cp "busybox-$JESSES_ARCH" "$JESSES_STAGE/hawk"\nchmod 755 "$JESSES_STAGE/hawk"\n'
    repository.commit({"release.toml": HAWK.format(registry=registry), "build": build})
    repository.git("tag", "1.2.0")
    product = Product(repository=repository, env={"XDG_CACHE_HOME": str(directory / "cache")})
    product.release(directory / "dist", "--channel", "stable", "--no-sign")
    return product


def reader(registry: str, name: str, *, writes: bool = False) -> ImageRepository:
    transport = RegistryTransport(Network(host=registry, url=f"http://{registry}", session=new_session()))
    return ImageRepository(transport, name, writes=writes)


def digest_in(dist: Path) -> str:
    rows = json.loads((dist / "artifacts.json").read_text())["artifacts"]
    return f"sha256:{rows[0]['sha256']}"


def test_the_layers_of_debian_come_first_and_are_named(
    debian: Document, hawk: Product, registry: str
) -> None:
    made, base = reader(registry, "on-debian/hawk"), reader(registry, "library/debian")
    index = made.manifest("1.2.0").json
    assert index["annotations"]["org.opencontainers.image.base.name"] == f"{registry}/library/debian:12"
    assert index["annotations"]["org.opencontainers.image.base.digest"] == debian.digest
    for ours, theirs in zip(index["manifests"], debian.json["manifests"], strict=True):
        below = base.manifest(theirs["digest"]).json["layers"]
        assert made.manifest(ours["digest"]).json["layers"][: len(below)] == below
    assert digest_in(hawk.repository.root.with_name("dist")) == made.manifest("latest").digest


def test_it_runs_on_both_architectures(
    hawk: Product, docker_engine: docker.DockerClient, registry: str
) -> None:
    require(EMULATOR)
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


def test_a_rerun_stands_on_the_same_base_when_its_tag_has_moved(
    debian: Document, hawk: Product, registry: str
) -> None:
    repository = reader(registry, "library/debian", writes=True)
    moved = {**debian.json, "annotations": {"org.example.note": "the next point release"}}
    repository.put_manifest(Document(media_type=debian.media_type, data=json.dumps(moved).encode()), "12")
    dist = hawk.repository.root.with_name("again")
    try:
        output = hawk.release(dist, "--channel", "stable", "--no-sign")
    finally:
        repository.put_manifest(debian, "12")
    assert f"registry {registry}/on-debian: {registry}/on-debian (0 new, " in output
    assert digest_in(dist) == digest_in(hawk.repository.root.with_name("dist"))
