"""What a name of an image means: to which registry it belongs, and which repository it is there."""

import re
from typing import Final

DOCKER_HUB: Final = "docker.io"
"""What names without a host mean, to every engine."""
REPOSITORY: Final = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
"""A repository's `<name>` (distribution specification 1.1, "Pulling manifests")."""

TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
"""A tag (distribution specification 1.1, "Pulling manifests")."""


def split_host(name: str) -> tuple[str, str]:
    """The host at the beginning of a name, which is empty where there is none, and the rest.

    >>> split_host("example/kestrel"), split_host("localhost/kestrel")
    (('', 'example/kestrel'), ('localhost', 'kestrel'))
    """
    first, slash, rest = name.partition("/")
    if slash and (first == "localhost" or "." in first or ":" in first):
        return first, rest
    return "", name


def split_name(name: str) -> tuple[str, str]:
    """The registry and the repository that an image name means to an engine.

    >>> split_name("kestrel"), split_name("ghcr.io/example/kestrel")
    (('docker.io', 'library/kestrel'), ('ghcr.io', 'example/kestrel'))
    """
    host, rest = split_host(name)
    if host:
        return host, rest
    return DOCKER_HUB, rest if "/" in rest else f"library/{rest}"
