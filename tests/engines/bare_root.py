"""A root that holds Python 3, git and what those depend on: the machine that `./inv` promises to be enough."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engines.cache import cached
from tests.engines.chroot import Root, clean_environment, share_network, writable
from tests.engines.deb_root import debootstrap, host_sources, host_transport

INCLUDE = ("python3", "git")
# How this machine tells pip, uv, OpenSSL and requests to reach the package index.
PREFIXES = ("PIP_", "UV_", "SSL_CERT_", "REQUESTS_CA_", "CURL_CA_", "GIT_SSL_")
CONFIGURATION = (
    "/etc/pip.conf",
    "/etc/xdg/pip",
    "/etc/uv",
    "/etc/xdg/uv",
    "~/.pip",
    "~/.config/pip",
    "~/.config/uv",
)


def bare_base() -> Path:
    """The cached root: read it, never write to it."""

    def make(target: Path) -> None:
        debootstrap(target, variant="essential", include=INCLUDE)

    return cached("debian-bare", (host_sources(), host_transport()), make)


@contextmanager
def new_bare_root() -> Iterator[Root]:
    """A fresh bare root, gone afterwards."""
    index = {name: value for name, value in os.environ.items() if name.startswith(PREFIXES)}
    with writable(bare_base()) as path:
        root = Root(path=path, env={**clean_environment(), **index})
        share_network(root)
        for name in CONFIGURATION:
            source = Path(name).expanduser()
            if source.exists():
                root.copy(source, name.replace("~", "/root"))
        for value in index.values():
            if Path(value).is_file():  # certificates
                root.copy(Path(value), value)
        yield root
