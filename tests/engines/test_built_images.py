"""Images built from a Dockerfile by a real engine, and from there on treated like all others."""

import json
import os
from pathlib import Path

import docker
import pytest

from jesses.base.naming.arch import MACHINES, OCI, Arch
from jesses.signing import openpgp_key
from tests.engines.deb_root import debian_base
from tests.engines.engines import DEBIAN_ROOT, EMULATOR, CommandFailed, require, run
from tests.engines.kernel_headers import kernel_headers
from tests.engines.product import KESTREL, Product, copy_of
from tests.engines.test_image import TAG, archive_of, layout_of
from tests.support.hawk import PROJECT
from tests.support.repository import Repository

HOST: Arch = "aarch64" if os.uname().machine == "aarch64" else "x86_64"
HAWK = (
    PROJECT
    + """
[components.hawk]
[images.hawk]
component = "hawk"
dockerfile = "image/Dockerfile"
architectures = ["x86_64", "aarch64"]
arguments = { GREETING = "this is {version}" }
entrypoint = ["/bin/busybox", "cat", "/built"]
"""
)
CHANNEL = """
[channels.stable]
store = "../site"
registries = ["registry.example.org/hawk"]
"""
DOCKERFILE = f"""
ARG JESSES_ARCH
FROM built/base-${{JESSES_ARCH}}:{TAG}
ARG JESSES_ARCH
ARG GREETING
COPY release /release
COPY note /note
RUN ["/bin/busybox", "sh", "-c", "echo $(/bin/busybox uname -m): $GREETING > /built"]
"""


@pytest.fixture
def bases(docker_engine: docker.DockerClient, tmp_path: Path) -> None:
    """The engine has the images built/base-x86_64 and built/base-aarch64, each with busybox."""
    require(EMULATOR)
    for arch in MACHINES:
        directory = tmp_path / f"base-{arch}"
        directory.mkdir()
        with archive_of(layout_of(f"built/base-{arch}", directory), arch, directory).open("rb") as archive:
            docker_engine.images.load(archive)


def hawk(directory: Path, *, more: str = "", dockerfile: str = DOCKERFILE) -> Repository:
    repository = Repository(directory)
    repository.commit({"release.toml": HAWK + more, "image/Dockerfile": dockerfile, "image/note": "here\n"})
    repository.git("tag", "1.2.0")
    return repository


def test_a_dockerfile_becomes_one_image_for_both_architectures(
    bases: None, docker_engine: docker.DockerClient, docker_url: str, registry: str, tmp_path: Path
) -> None:
    channel = f'[channels.stable]\nstore = "../site"\nregistries = ["{registry}/built"]\n'
    repository = hawk(tmp_path / "hawk", more=channel)
    product = Product(repository=repository, env={"DOCKER_HOST": docker_url})
    product.release(tmp_path / "dist", "--channel", "stable", "--no-sign")
    rows = json.loads((tmp_path / "dist/artifacts.json").read_text())["artifacts"]
    kinds = [row["kind"] for row in rows]
    assert kinds == ["image", "image-archive", "image-archive", "sbom", "sbom"]
    again = product.release(tmp_path / "again", "--channel", "stable", "--no-sign")
    assert f"registry {registry}/built: {registry}/built (0 new, " in again
    assert (tmp_path / "again/artifacts.json").read_bytes() == (tmp_path / "dist/artifacts.json").read_bytes()
    for arch in MACHINES:
        platform = f"linux/{OCI[arch]}"
        image = docker_engine.images.pull(f"{registry}/built/hawk", tag="1.2", platform=platform)
        output = docker_engine.containers.run(
            str(image.id), network_mode="none", remove=True, platform=platform
        )
        assert output == f"{arch}: this is 1.2.0\n".encode()
        assert image.labels["org.opencontainers.image.version"] == "1.2.0"


def test_machines_that_build_hand_their_images_to_one_that_has_no_engine(
    bases: None, docker_engine: docker.DockerClient, docker_url: str, registry: str, tmp_path: Path
) -> None:
    channel = f'[channels.stable]\nstore = "../site"\nregistries = ["{registry}/parts"]\n'
    repository = hawk(tmp_path / "hawk", more=channel)
    with_engine = Product(repository=repository, env={"DOCKER_HOST": docker_url})
    parts = [str(tmp_path / arch) for arch in MACHINES]
    for arch, part in zip(MACHINES, parts, strict=True):
        with_engine.run("build", "--arch", arch, "--dist", part)
    handed = [word for part in parts for word in ("--from", part)]
    output = Product(repository=repository).run(
        "publish", *handed, "--dist", str(tmp_path / "dist"), "--channel", "stable", "--no-sign"
    )
    assert f"docker pull {registry}/parts/hawk:1.2.0" in output
    for arch in MACHINES:
        platform = f"linux/{OCI[arch]}"
        image = docker_engine.images.pull(f"{registry}/parts/hawk", tag="1.2.0", platform=platform)
        said = docker_engine.containers.run(
            str(image.id), network_mode="none", remove=True, platform=platform
        )
        assert said == f"{arch}: this is 1.2.0\n".encode()


def test_a_dockerfile_that_fails_shows_its_output(bases: None, docker_url: str, tmp_path: Path) -> None:
    broken = DOCKERFILE + 'RUN ["/bin/busybox", "ls", "/nowhere"]\n'
    repository = hawk(tmp_path / "hawk", dockerfile=broken)
    product = Product(repository=repository, env={"DOCKER_HOST": docker_url})
    with pytest.raises(CommandFailed, match="ended with code 13") as failed:
        product.release(tmp_path / "dist")
    assert "/nowhere: No such file or directory" in str(failed.value)
    assert not (tmp_path / "dist").exists()


def test_without_an_engine_a_snapshot_leaves_it_out_and_a_channel_is_an_error(tmp_path: Path) -> None:
    repository = hawk(tmp_path / "hawk", more=CHANNEL)
    product = Product(repository=repository, env={"DOCKER_HOST": f"unix://{tmp_path}/none.sock"})
    output = product.release(tmp_path / "dist")
    assert "hawk is skipped: no Docker engine answers" in output
    with pytest.raises(CommandFailed, match="ended with code 21") as failed:
        product.release(tmp_path / "dist2", "--channel", "stable", "--no-sign")
    assert "the image hawk cannot be built: no Docker engine answers" in str(failed.value)
    assert "\nbuild\n" not in str(failed.value)


def on_our_base(configuration: str) -> str:
    """Kestrel's, with its loader on a base that the engine has, for this machine alone."""
    theirs = '/Dockerfile"\narchitectures = ["x86_64", "aarch64"]\n'
    assert theirs in configuration
    ours = f'/Dockerfile"\narchitectures = ["{HOST}"]\narguments = {{ BASE = "built/debian-dkms:12" }}\n'
    return configuration.replace(theirs, ours)


def test_the_driver_loader_installs_from_the_release_and_builds_the_driver(
    docker_engine: docker.DockerClient, docker_url: str, tmp_path: Path
) -> None:
    require(DEBIAN_ROOT)
    archive = tmp_path / "base.tar"
    run("tar", "--numeric-owner", "-C", debian_base("dkms"), "-cf", archive, ".")
    docker_engine.api.import_image_from_file(str(archive), repository="built/debian-dkms", tag="12")
    archive.unlink()
    key = str(openpgp_key.generate("K <k@example.org>"))
    product = copy_of(
        KESTREL,
        tmp_path / "kestrel",
        key=key,
        edit=on_our_base,
    )
    released = Product(repository=product.repository, key=product.key, env={"DOCKER_HOST": docker_url})
    released.release(tmp_path / "dist")
    [made] = (tmp_path / "dist/images").glob("kestrel-driver-loader-*.oci.tar")
    with made.open("rb") as stream:
        [image] = docker_engine.images.load(stream)

    headers = kernel_headers("6.1", HOST)
    (tmp_path / "modules").mkdir()
    docker_engine.containers.run(
        str(image.id),
        ["--build-only", "/modules", "--kernel", headers.release],
        network_mode="none",
        remove=True,
        volumes={
            str(headers.root / "lib/modules"): {"bind": "/lib/modules", "mode": "ro"},
            str(headers.root / "usr"): {"bind": "/host/usr", "mode": "ro"},
            str(tmp_path / "modules"): {"bind": "/modules", "mode": "rw"},
        },
    )
    said = run("modinfo", tmp_path / "modules/kestrel.ko").stdout
    assert f"vermagic:       {headers.release} " in said
    [driver] = {
        row["version"]
        for row in json.loads((tmp_path / "dist/artifacts.json").read_text())["artifacts"]
        if row["component"] == "driver"
    }
    assert f"version:        {driver}\n" in said
    with pytest.raises(docker.errors.ContainerError) as failed:
        docker_engine.containers.run(str(image.id), network_mode="none", remove=True)
    assert failed.value.exit_status == 3
    assert "install the headers of the kernel" in str(failed.value)
