"""skopeo and cosign of later Debians: 12 builds skopeo without the check of signatures, and has no cosign."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.engines.cache import cached
from tests.engines.chroot import Root, share_network, writable
from tests.engines.deb_root import DebRoot, debootstrap, host_transport, sources_of

BASE: Final = {"debian": "trixie", "ubuntu": "resolute"}
# cosign 3, the first that finds bundles by itself, needs nothing newer than the base.
LATER: Final = {"debian": "forky", "ubuntu": "resolute"}


@contextmanager
def new_verifiers() -> Iterator[Root]:
    """A fresh root with both tools, gone afterwards."""
    base, later = sources_of(BASE), sources_of(LATER)

    def make(target: Path) -> None:
        debootstrap(target, variant="apt", include=("skopeo",), sources=base)
        root = Root(path=target)
        share_network(root)
        root.write("/etc/apt/sources.list.d/later.list", later)
        deb = DebRoot(root=root)
        deb.apt_get("update")
        deb.apt_get("install", "--no-install-recommends", "--no-upgrade", "cosign")
        deb.apt_get("clean")

    with writable(cached("verifiers", (base, later, host_transport()), make)) as path:
        root = Root(path=path)
        share_network(root)
        yield root
