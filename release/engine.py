"""The Docker engine, where there is one."""

import os
from contextlib import closing
from pathlib import Path

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

from release.errors import EngineError

_DEFAULT = "unix:///var/run/docker.sock"
_TIMEOUT = 5


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
