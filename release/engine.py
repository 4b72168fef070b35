"""The Docker engine, where there is one."""

import docker
from docker.errors import DockerException

from release.errors import EngineError


def version() -> str:
    """The version of the engine that the environment names (`DOCKER_HOST` and so on).

    Raises:
        EngineError: none answers.

    """
    try:
        client = docker.from_env(timeout=5)
        try:
            return str(client.version()["Version"])
        finally:
            client.close()
    except DockerException as error:
        raise EngineError("no Docker engine answers", fix="start one, or set DOCKER_HOST") from error
