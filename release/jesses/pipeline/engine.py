"""The Docker engine, where there is one."""

import os
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Protocol

import docker
from docker.errors import BuildError, DockerException, ImageNotFound
from requests.exceptions import RequestException

from jesses.base.errors import CommandError, EngineError

_DEFAULT = "unix:///var/run/docker.sock"
_TIMEOUT = 5
_BUILD_TIMEOUT = 3600
_RUN_TIMEOUT = 1800


class Engine(Protocol):
    """Builds images from Dockerfiles."""

    def build(self, context: Path, *, platform: str, arguments: Mapping[str, str], target: Path) -> None:
        """Build the Dockerfile in `context` for `platform` (`linux/arm64`) and save the image to `target`.

        Raises:
            CommandError: the build fails; `output` is what it printed.
            EngineError: the engine does not answer.

        """


class Containers(Protocol):
    """Runs commands in containers."""

    def run(
        self, image: str, argv: Sequence[str], *, platform: str, files: Sequence[Path], network: bool
    ) -> None:
        """Run `argv` in a container of its own, which finds `files` in `/release` and is removed afterwards.

        Raises:
            CommandError: the command fails; `output` is what it printed.
            EngineError: the engine does not answer, or cannot get the image.

        """


class DockerEngine:
    """The engine that the environment names."""

    def run(
        self, image: str, argv: Sequence[str], *, platform: str, files: Sequence[Path], network: bool
    ) -> None:
        version()
        with closing(docker.from_env(timeout=_RUN_TIMEOUT)) as client:
            try:
                _pull(client, image, platform)
                container = client.containers.create(
                    image, list(argv), platform=platform, network_mode="bridge" if network else "none"
                )
                try:
                    # Copied, not mounted: the engine may be on another machine.
                    with _packed(files) as archive:
                        container.put_archive("/", archive)
                    container.start()
                    code = container.wait()["StatusCode"]
                    output = container.logs().decode(errors="replace")
                finally:
                    container.remove(force=True)
            except (DockerException, RequestException) as error:
                raise EngineError(f"the Docker engine failed: {error}", fix="see its own log") from error
        if code:
            raise CommandError(
                f"a command in a container of {image} ended with {code}",
                fix="see its output above",
                output=output,
            )

    def build(self, context: Path, *, platform: str, arguments: Mapping[str, str], target: Path) -> None:
        version()
        with closing(docker.from_env(timeout=_BUILD_TIMEOUT)) as client:
            try:
                image, _ = client.images.build(
                    path=str(context), platform=platform, buildargs=dict(arguments), rm=True, forcerm=True
                )
                try:
                    with target.open("wb") as out:
                        out.writelines(image.save())
                finally:
                    client.images.remove(str(image.id), force=True)
            except BuildError as error:
                raise CommandError(
                    f"the Dockerfile for {platform} failed: {error.msg}",
                    fix="see its output above",
                    output="".join(str(line.get("stream", "")) for line in error.build_log),
                ) from error
            except (DockerException, RequestException) as error:
                raise EngineError(
                    f"the Docker engine failed: {error}",
                    fix="see its own log; for another architecture it needs an emulator (qemu-user-static)",
                ) from error


def _pull(client: docker.DockerClient, image: str, platform: str) -> None:
    """Have `image` for `platform`; one that is there already is taken."""
    try:
        client.images.get(image)
    except ImageNotFound:
        client.images.pull(image, platform=platform)


@contextmanager
def _packed(files: Sequence[Path]) -> Iterator[IO[bytes]]:
    """A tar archive with `files` in a directory `release`."""
    with tempfile.TemporaryFile() as packed:
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for file in files:
                tar.add(file, f"release/{file.name}")
        packed.seek(0)
        yield packed


def why_not() -> str:
    """Why there is no engine; empty where there is one."""
    try:
        version()
    except EngineError as error:
        return error.what
    return ""


def version() -> str:
    """The version of the engine that the environment names (`DOCKER_HOST` and so on).

    Raises:
        EngineError: none answers.

    """
    address = os.environ.get("DOCKER_HOST", _DEFAULT)
    absent = EngineError(f"no Docker engine answers at {address}", fix="start one, or set DOCKER_HOST")
    # The client leaves a socket open when the path is not there.
    if address.startswith("unix://") and not Path(address.removeprefix("unix://")).exists():
        raise absent
    try:
        with closing(docker.from_env(timeout=_TIMEOUT)) as client:
            return str(client.version()["Version"])
    except (DockerException, RequestException) as error:
        raise absent from error
