"""Packages installed, used and removed by apt in a real container, before they are handed over."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from jesses.base.errors import CommandError, EngineError
from tests.engines.deb_root import debian_base
from tests.engines.engines import DEBIAN_ROOT, require
from tests.engines.product import KESTREL, copy_of
from tests.support.hawk import PROJECT
from tests.support.paths import ROOT
from tests.support.repository import Repository

IMAGE = "jesses-trial:1"
PRODUCT = (
    PROJECT
    + """
[components.hawk]
[builds.hawk]
component = "hawk"
command = ["sh", "-c", 'echo "echo I am $JESSES_VERSION" > "$JESSES_STAGE/hawk" && chmod 755 "$JESSES_STAGE/hawk"']
[packages.hawk]
component = "hawk"
build = "hawk"
description = "A hawk."
depends = [{depends}]
contents = [
    {{ path = "/usr/bin/hawk", staged = "hawk" }},
    {{ path = "/usr/share/doc/hawk/copyright", source = "copyright" }},
]
[trials.debian]
image = "{image}"
format = "deb"
command = ["sh", "-c", "{command}"]
network = false
"""
)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A product, and the URL of the engine that tries its packages."""

    repository: Repository
    url: str

    def run(self) -> subprocess.CompletedProcess[str]:
        """`invoke build` for this machine."""
        argv = (
            *(
                sys.executable,
                "-m",
                "invoke",
                "--search-root",
                str(ROOT),
                "build",
                "--arch",
                os.uname().machine,
            ),
            *("--project", str(self.repository.root), "--dist", str(self.repository.root.parent / "built")),
        )
        environment = {**os.environ, "DOCKER_HOST": self.url}
        return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)

    def build(
        self, command: str, *, depends: str = "", image: str = IMAGE
    ) -> subprocess.CompletedProcess[str]:
        """Build the hawk, with a trial that runs `command`."""
        text = PRODUCT.format(command=command, depends=depends, image=image)
        self.repository.commit({"release.toml": text, "copyright": "MIT\n"})
        return self.run()

    @property
    def has_built(self) -> bool:
        return (self.repository.root.parent / "built").exists()


@pytest.fixture(scope="module")
def image(docker_engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The engine has a Debian with apt."""
    require(DEBIAN_ROOT)
    archive = tmp_path_factory.mktemp("image") / "debian.tar"
    subprocess.run(["tar", "-C", str(debian_base("plain")), "-cf", str(archive), "."], check=True)
    name, _, tag = IMAGE.partition(":")
    docker_engine.api.import_image_from_file(str(archive), repository=name, tag=tag)
    archive.unlink()


@pytest.fixture
def bench(image: None, docker_url: str, tmp_path: Path) -> Bench:
    return Bench(repository=Repository(tmp_path / "hawk"), url=docker_url)


def test_a_package_that_is_installed_used_and_removed_is_handed_over(
    bench: Bench, docker_engine: docker.DockerClient
) -> None:
    done = bench.build("hawk | grep -q '^I am 0.1.0-' && dpkg -s hawk")
    assert done.returncode == 0, done.stdout + done.stderr
    assert bench.has_built
    assert docker_engine.containers.list(all=True) == []


@pytest.mark.parametrize(
    ("command", "depends", "said"),
    [("hawk; echo it is blind; exit 3", "", "it is blind"), ("hawk", '"feathers"', "feathers")],
)
def test_what_cannot_be_used_or_installed_is_told_with_what_was_printed_and_not_handed_over(
    bench: Bench, docker_engine: docker.DockerClient, command: str, depends: str, said: str
) -> None:
    done = bench.build(command, depends=depends)
    assert done.returncode == CommandError.exit_code, done.stdout + done.stderr
    assert said in done.stdout + done.stderr
    assert not bench.has_built
    assert docker_engine.containers.list(all=True) == []


def test_an_image_that_nobody_has_is_told(bench: Bench) -> None:
    done = bench.build("hawk", image="127.0.0.1:1/nothing:1")
    assert done.returncode == EngineError.exit_code
    assert "the Docker engine failed" in done.stderr


def test_the_example_is_tried_as_its_configuration_says(
    image: None, docker_url: str, docker_engine: docker.DockerClient, tmp_path: Path
) -> None:
    def on_our_image(text: str) -> str:
        assert 'image = "debian:12"\n' in text
        # The image with a Dockerfile stands on one from a registry that is not here.
        text = re.sub(r"\[images\.kestrel-driver-loader\]\n(?:[^\[].*\n|\n)*", "", text)
        return text.replace('image = "debian:12"\n', f'image = "{IMAGE}"\nnetwork = false\n')

    product = copy_of(KESTREL, tmp_path / "kestrel", edit=on_our_image)
    bench = Bench(repository=product.repository, url=docker_url)
    done = bench.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"on {IMAGE}" in done.stdout + done.stderr
    assert bench.has_built
