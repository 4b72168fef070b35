"""Assembled images in real engines: loaded, pulled and run, on both architectures."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import docker
import pytest
from semver import Version

from jesses.base.bytes.atomic import write_file
from jesses.base.naming.arch import MACHINES, OCI, Arch
from jesses.base.payload import Directory, File, Payload, Symlink
from jesses.image import docker_archive
from jesses.image.manifest import INDEX
from jesses.image.model import About, Image, ImageConfig
from jesses.image.oci_layout import ImageLayout
from jesses.image.write import write_layout
from jesses.package.compression import Packer
from tests.engines.cache import cached
from tests.engines.engines import EMULATOR, SKOPEO, Engine, can_chroot, require, run

PODMAN = Engine(name="podman", commands=("podman", "unshare"), probe=can_chroot)
BUSYBOX = Engine(name="static programs of Debian", commands=("apt-get", "dpkg-deb"))

TAG = "1.2.3-4_abc1234"
CONF = b"interval = 1\n"


def busybox(arch: Arch) -> Path:
    """A static program of that architecture, from Debian; this machine's own apt configuration stays as it is."""

    def make(target: Path) -> None:
        for name in ("state/lists/partial", "cache/archives/partial"):
            (target / name).mkdir(parents=True)
        options = {
            "Dir::State": target / "state",
            "Dir::State::status": "/dev/null",
            "Dir::Cache": target / "cache",
            "APT::Architectures": ",".join(OCI.values()),
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
        }
        apt_get = ("apt-get", *(f"-o{key}={value}" for key, value in options.items()))
        run(*apt_get, "update")
        for machine in MACHINES:
            run(*apt_get, "download", f"busybox-static:{OCI[machine]}", cwd=target)
            [deb] = target.glob(f"busybox-static_*_{OCI[machine]}.deb")
            run("dpkg-deb", "--extract", deb, target / machine)
            deb.unlink()
        for name in ("state", "cache"):
            shutil.rmtree(target / name)

    require(BUSYBOX)
    return cached("busybox-static", "busybox-static 1", make) / arch / "bin" / "busybox"


def kestrel(arch: Arch, name: str) -> Image:
    return Image(
        large=4 << 20,
        name=name,
        version=Version.parse("1.2.3-4+abc1234"),
        arch=arch,
        date=1_700_000_000,
        payload=Payload.of(
            (
                File(path="/usr/bin/busybox", source=busybox(arch), mode=0o755),
                Symlink(path="/bin", target="usr/bin"),
                File(path="/etc/kestrel/kestrel.conf", source=CONF, mode=0o640, group="65533"),
                Directory(path="/var/lib/kestrel", mode=0o700, owner="65532", group="65533"),
            )
        ),
        config=ImageConfig(
            entrypoint=("/bin/busybox",),
            cmd=("cat", "/etc/kestrel/kestrel.conf"),
            env={"KESTREL_LOG": "info"},
            working_dir="/var/lib/kestrel",
        ),
        about=About(title="Kestrel", licenses="MIT"),
    )


def layout_of(name: str, directory: Path, **config: Any) -> ImageLayout:  # noqa: ANN401
    """Both architectures of an image in `directory`/layout; `config` overrides its configuration."""
    images = [kestrel(arch, name) for arch in MACHINES]
    images = [replace(image, config=replace(image.config, **config)) for image in images]
    with Packer(directory / "spool") as packer:
        return write_layout(images, directory / "layout", packer)


def archive_of(index: ImageLayout, arch: Arch, directory: Path) -> Path:
    path = directory / f"{arch}{docker_archive.SUFFIX}"
    with docker_archive.assembled(index, arch) as archive:
        write_file(path, archive)
    return path


def config_digest(index: ImageLayout, arch: Arch) -> str:
    return next(image.manifest.config.digest for image in index.images if image.arch == arch)


def need_machine(arch: Arch) -> None:
    if arch != os.uname().machine:
        require(EMULATOR)


def outcome(engine: docker.DockerClient, image: str | None, arch: Arch, *command: str) -> str:
    output = engine.containers.run(
        str(image), list(command), network_mode="none", remove=True, platform=f"linux/{OCI[arch]}"
    )
    return str(output, "utf-8")


@pytest.mark.parametrize("arch", MACHINES)
def test_docker_loads_an_archive_and_runs_it(
    arch: Arch, docker_engine: docker.DockerClient, tmp_path: Path
) -> None:
    need_machine(arch)
    index = layout_of("images/loaded", tmp_path)
    with archive_of(index, arch, tmp_path).open("rb") as archive:
        [image] = docker_engine.images.load(archive)
    # Another test may have loaded the same bytes under another name.
    assert f"images/loaded:{TAG}" in image.tags
    assert image.id == config_digest(index, arch)
    assert image.labels["org.opencontainers.image.version"] == "1.2.3-4+abc1234"
    assert outcome(docker_engine, image.id, arch) == CONF.decode()
    assert "KESTREL_LOG=info" in outcome(docker_engine, image.id, arch, "env").splitlines()
    assert outcome(docker_engine, image.id, arch, "pwd") == "/var/lib/kestrel\n"


@pytest.mark.parametrize("arch", MACHINES)
def test_docker_runs_it_as_a_user_by_number(
    arch: Arch, docker_engine: docker.DockerClient, tmp_path: Path
) -> None:
    need_machine(arch)
    index = layout_of("images/numbered", tmp_path, user="65532:65533", cmd=("id",))
    with archive_of(index, arch, tmp_path).open("rb") as archive:
        [image] = docker_engine.images.load(archive)
    assert outcome(docker_engine, image.id, arch) == "uid=65532 gid=65533 groups=65533\n"
    assert outcome(docker_engine, image.id, arch, "touch", "/var/lib/kestrel/mine") == ""
    owners = outcome(docker_engine, image.id, arch, "stat", "-c", "%u:%g", "/etc/kestrel/kestrel.conf", ".")
    assert owners == "0:65533\n65532:65533\n"


@pytest.mark.parametrize("arch", MACHINES)
def test_a_layout_in_a_registry_is_one_image_for_both_architectures(
    arch: Arch, docker_engine: docker.DockerClient, registry: str, tmp_path: Path
) -> None:
    require(SKOPEO)
    need_machine(arch)
    index = layout_of("images/pulled", tmp_path)
    repository = f"{registry}/images/pulled-{arch}"
    source, target = f"oci:{index.directory}:{TAG}", f"docker://{repository}:{TAG}"
    run("skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", "--all", source, target)
    image = docker_engine.images.pull(repository, tag=TAG, platform=f"linux/{OCI[arch]}")
    assert image.attrs["RepoDigests"] == [f"{repository}@{index.descriptor.digest}"]
    assert image.id == config_digest(index, arch)
    assert outcome(docker_engine, image.id, arch) == CONF.decode()


def test_skopeo_reads_the_layout(tmp_path: Path) -> None:
    require(SKOPEO)
    index = layout_of("images/layout", tmp_path)
    source = f"oci:{index.directory}:{TAG}"
    raw = run("skopeo", "inspect", "--raw", source).stdout
    assert raw == (index.directory / index.descriptor.path).read_text()
    assert json.loads(raw)["mediaType"] == INDEX
    for arch, image in zip(MACHINES, index.images, strict=True):
        chosen = run("skopeo", f"--override-arch={OCI[arch]}", "inspect", source).stdout
        assert json.loads(chosen)["Architecture"] == OCI[arch]
        assert json.loads(chosen)["Layers"] == [layer.digest for layer in image.manifest.layers]


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
@pytest.mark.parametrize("arch", MACHINES)
def test_skopeo_copies_an_archive_of_either_kind(arch: Arch, transport: str, tmp_path: Path) -> None:
    require(SKOPEO)
    index = layout_of("images/archived", tmp_path)
    archive = archive_of(index, arch, tmp_path)
    # Copying reads and checks every blob; without a change of format the configuration stays what it is.
    run("skopeo", "copy", "--insecure-policy", f"{transport}:{archive}", f"dir:{tmp_path / 'copy'}")
    copied = json.loads((tmp_path / "copy" / "manifest.json").read_text())
    assert copied["config"]["digest"] == config_digest(index, arch)


@pytest.fixture
def podman() -> Iterator[tuple[str, ...]]:
    """The podman command with a storage of its own, under a short path: podman wants at most 50 characters."""
    require(PODMAN)
    with TemporaryDirectory(prefix="jesses-podman-") as home:
        directories = (f"--root={home}/root", f"--runroot={home}/run", f"--tmpdir={home}/tmp")
        drivers = ("--storage-driver=vfs", "--cgroup-manager=cgroupfs", "--events-backend=file")
        # podman waits for its monitor to be gone, for 20 seconds where nobody reaps orphans: this sh does.
        reaper = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", '"$@"; exit $?', "sh")
        yield (*reaper, "podman", *directories, *drivers)


def test_podman_loads_archives_and_runs_its_own(podman: tuple[str, ...], tmp_path: Path) -> None:
    index = layout_of("images/podman", tmp_path)
    name = f"docker.io/images/podman:{TAG}"
    for arch in sorted(MACHINES, key=lambda machine: machine == os.uname().machine):
        loaded = run(*podman, "load", "--input", archive_of(index, arch, tmp_path)).stdout
        assert loaded == f"Loaded image: {name}\n"
        [image] = json.loads(run(*podman, "image", "inspect", name).stdout)
        assert f"sha256:{image['Id']}" == config_digest(index, arch)
    # A test machine may forbid the higher limits that podman asks for by default.
    limits = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024")
    ran = run(*podman, "run", "--rm", "--network=none", *limits, f"images/podman:{TAG}")
    assert ran.stdout == CONF.decode()
