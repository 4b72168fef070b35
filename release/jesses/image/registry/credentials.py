"""Where credentials for a registry are found: the environment first, then Docker's own configuration.

Formats: https://docs.docker.com/reference/cli/docker/login/ ("Credential stores", "Credential helpers") and
https://github.com/docker/docker-credential-helpers.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from jesses.base.errors import CommandError, RegistryError
from jesses.image.names import DOCKER_HUB
from jesses.image.registry.auth import Credential

AskHelper = Callable[[str, str], str]
"""Runs the credential helper (a program) with a server's name as its input; its output."""

_HUB_KEY: Final = "https://index.docker.io/v1/"
_IDENTITY: Final = "<token>"
"""The user name under which helpers hand out an identity token."""
_OWN: Final[Mapping[str, tuple[str, str]]] = {
    DOCKER_HUB: ("DOCKERHUB_USERNAME", "DOCKERHUB_TOKEN"),
    "ghcr.io": ("GITHUB_ACTOR", "GITHUB_TOKEN"),
}
"""Variables that hold user name and token where CI has them already."""


def variables(host: str) -> tuple[str, str]:
    """The names of the variables with user name and password for any registry.

    >>> variables("registry.example.org:5000")
    ('JESSES_REGISTRY_REGISTRY_EXAMPLE_ORG_5000_USERNAME', 'JESSES_REGISTRY_REGISTRY_EXAMPLE_ORG_5000_PASSWORD')
    """
    stem = "JESSES_REGISTRY_" + re.sub("[^A-Z0-9]", "_", host.upper())
    return f"{stem}_USERNAME", f"{stem}_PASSWORD"


def find(
    host: str, environment: Mapping[str, str], *, home: Path, ask_helper: AskHelper
) -> Credential | None:
    """The credential for the registry `host`; None where there is none.

    Raises:
        RegistryError: Docker's configuration or a credential helper cannot be used.

    """
    return in_environment(host, environment) or in_docker_configuration(
        host, Path(environment.get("DOCKER_CONFIG") or home / ".docker") / "config.json", ask_helper
    )


def in_environment(host: str, environment: Mapping[str, str]) -> Credential | None:
    for user, password in (variables(host), _OWN.get(host, ("", ""))):
        if (secret := environment.get(password)) and (name := environment.get(user)):
            return Credential(username=name, password=secret, source=password)
    return None


def in_docker_configuration(host: str, path: Path, ask_helper: AskHelper) -> Credential | None:
    """What `docker login` left: in a helper for this registry, in the file itself, or in the store for all.

    Raises:
        RegistryError: the file cannot be read, or the helper fails.

    """
    configuration = _read(path)
    key = _HUB_KEY if host == DOCKER_HUB else host
    if helper := _table(configuration, "credHelpers").get(host):
        return _from_helper(str(helper), key, ask_helper)
    for name in (key, host, f"https://{host}", f"https://{host}/v1/", f"https://{host}/v2/"):
        if found := _from_entry(_table(configuration, "auths").get(name), path):
            return found
    if store := configuration.get("credsStore"):
        return _from_helper(str(store), key, ask_helper)
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise RegistryError(
            f"cannot read {path}: {error}", fix="correct it, or log in with docker login"
        ) from error
    return found if isinstance(found, dict) else {}


def _table(configuration: dict[str, Any], name: str) -> dict[str, Any]:
    found = configuration.get(name)
    return found if isinstance(found, dict) else {}


def _from_entry(entry: object, path: Path) -> Credential | None:
    if not isinstance(entry, dict):
        return None
    if token := entry.get("identitytoken"):
        return Credential(identity_token=str(token), source=str(path))
    try:
        user, colon, password = (
            base64.b64decode(entry.get("auth") or "", validate=True).decode().partition(":")
        )
    except ValueError as error:
        raise RegistryError(
            f"{path} holds a login that cannot be read", fix="log in with docker login"
        ) from error
    if not colon:
        user, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    return Credential(username=user, password=password.rstrip("\0"), source=str(path)) if user else None


def _from_helper(helper: str, server: str, ask_helper: AskHelper) -> Credential | None:
    program = f"docker-credential-{helper}"
    try:
        answer = json.loads(ask_helper(program, server))
        user, secret = str(answer["Username"]), str(answer["Secret"])
    except CommandError as error:
        if "credentials not found" in error.output:
            return None
        raise RegistryError(f"{program} gives no credential for {server}", fix=error.what) from error
    except (ValueError, KeyError, TypeError) as error:
        raise RegistryError(
            f"{program} gives no credential for {server}", fix="try: docker login " + server
        ) from error
    if user == _IDENTITY:
        return Credential(identity_token=secret, source=program)
    return Credential(username=user, password=secret, source=program)
