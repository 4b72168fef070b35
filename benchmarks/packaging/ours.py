"""What is measured of jesses: `python -m benchmarks.packaging.ours PAYLOADS OUTPUT [--cache DIR] ...`.

Packs every tree of PAYLOADS (a directory for each architecture) as tarball, DEB, RPM and image layer with the
calls that the steps of a release make, and prints one line of JSON.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from semver import Version

from jesses.base.artifact import suffix
from jesses.base.bytes.atomic import write_file
from jesses.base.naming.arch import MACHINES, Arch
from jesses.base.package import Package
from jesses.base.parallel import ordered_map
from jesses.base.payload import File, Payload
from jesses.config.models import Contents, FormatName
from jesses.image.model import Image
from jesses.image.write import write_layout
from jesses.package.compression import Cache, Packer
from jesses.package.contents import resolve
from jesses.package.formats.by_name import COST, FORMATS

KINDS: Final[tuple[FormatName, ...]] = ("tarball", "deb", "rpm")
COPYRIGHT: Final = File(path="/usr/share/doc/zig/copyright", source=b"MIT\n", license=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("payloads", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--version", default="1.0.0")
    parser.add_argument("--date", type=int, default=1_700_000_000)
    arguments = parser.parse_args()
    started = time.perf_counter()
    _pack(arguments)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "peak_mib": _peak()}))


def _peak() -> float:
    """The most memory that this process held, in MiB; getrusage(2) would count that of its parent too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _pack(arguments: argparse.Namespace) -> None:
    output: Path = arguments.output
    cache = Cache(directory=arguments.cache) if arguments.cache else None
    packages: list[Package] = []

    def found() -> Iterator[File]:
        for arch in MACHINES:
            if (arguments.payloads / arch).is_dir():
                packages.append(_package(arguments, arch))
                yield from packages[-1].payload.files

    with Packer(output / "spool", cache=cache) as packer:
        packer.prepare(found())
        jobs = [(package, kind) for package in packages for kind in KINDS]
        for _ in ordered_map(lambda job: _write(*job, output, packer), jobs, cost=lambda job: COST[job[1]]):
            pass
        images = [_image(package) for package in packages]
        write_layout(images, output / "image", packer)


def _write(package: Package, kind: FormatName, output: Path, packer: Packer) -> str:
    path = output / f"{package.arch}{suffix(kind, package.compression)}"
    return write_file(path, FORMATS[kind].assemble(package, packer).file).sha256


def _package(arguments: argparse.Namespace, arch: Arch) -> Package:
    tree = arguments.payloads / arch
    contents = [Contents(path="/usr/lib/zig", staged=".")]
    entries = resolve(contents, sources=tree, staged=tree, version=arguments.version)
    return Package(
        payload=Payload.of((*entries, COPYRIGHT)),
        arch=arch,
        **_about(arguments),
    )


def _about(arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        "name": "zig",
        "version": Version.parse(arguments.version),
        "date": arguments.date,
        "summary": "a compiler",
        "description": "A compiler with the library that it brings.",
        "license": "MIT",
        "homepage": "https://zig.example.org",
        "maintainer": "Benchmark <benchmark@example.org>",
        "vendor": "Benchmark",
    }


def _image(package: Package) -> Image:
    return Image(
        large=4 << 20,
        name="zig",
        version=package.version,
        arch=package.arch,
        date=package.date,
        payload=package.payload,
    )


if __name__ == "__main__":
    main()
