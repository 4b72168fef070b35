"""Package files to publish: small, real, for two architectures, with the fields that a release has.

    python -m benchmarks.repositories.packages DIRECTORY FIRST LAST

Makes `deb/` and `rpm/` in DIRECTORY, for releases FIRST to LAST (not included): two files each.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from semver import Version

from jesses.base.bytes.atomic import write_file
from jesses.base.naming.arch import MACHINES, Arch
from jesses.base.package import Package, Relations
from jesses.base.payload import File, Payload
from jesses.package.compression import Packer
from jesses.package.formats import deb, rpm

_EACH = 250


def make(directory: Path, first: int, last: int) -> None:
    """The files of releases `first` to `last`, on all cores."""
    for kind in ("deb", "rpm"):
        (directory / kind).mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as pool:
        starts = range(first, last, _EACH)
        list(pool.map(_some, [directory] * len(starts), starts, [min(at + _EACH, last) for at in starts]))


def _some(directory: Path, first: int, last: int) -> None:
    with Packer(directory / f"spool-{first}", threads=1) as packer:
        for number in range(first, last):
            for arch in MACHINES:
                for kind, assemble, relations in (
                    (
                        "deb",
                        deb.assemble,
                        Relations(depends=("libc6 (>= 2.28)", "dkms"), recommends=("curl",)),
                    ),
                    ("rpm", rpm.assemble, Relations(depends=("dkms",), recommends=("curl",))),
                ):
                    package = _package(number, arch, relations)
                    path = directory / kind / f"{package.name}-1.0.0-{arch}.{kind}"
                    write_file(path, assemble(package, packer).file)


def _package(number: int, arch: Arch, relations: Relations[str]) -> Package:
    # A name each: reprepro keeps one version of a name.
    name = f"kestrel-{number:05d}"
    return Package(
        name=name,
        version=Version.parse("1.0.0"),
        arch=arch,
        date=1_700_000_000 + number,
        summary="Watches the system calls of a machine",
        description="Kestrel watches the system calls of a machine, and tells of those that look wrong.\n\n"
        "This package holds the agent, its configuration and its service.",
        license="Apache-2.0",
        homepage="https://kestrel.example.org/",
        maintainer="The Kestrel Authors <kestrel@example.org>",
        vendor="Kestrel",
        payload=Payload.of(
            (
                File(path=f"/usr/bin/{name}", source=f"{number} {arch}".encode(), mode=0o755),
                File(path=f"/etc/{name}/{name}.conf", source=b"interval = 1\n", config=True),
                File(path=f"/usr/share/doc/{name}/copyright", source=b"Apache-2.0\n"),
            )
        ),
        relations=relations,
    )


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
