"""Packages for tests that install them, built by the DEB writer: an agent with a unit, a DKMS driver."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.bytes.atomic import write_file
from jesses.base.naming import spelling
from jesses.base.naming.arch import Arch
from jesses.base.package import Package, Relations
from jesses.base.payload import Entry, File, Payload
from jesses.package import scripts
from jesses.package.compression import Packer
from jesses.package.formats import deb
from tests.engines.deb_root import Base, DebRoot
from tests.engines.engines import run

HERE = Path(__file__).parent
SNIPPETS = HERE.parent.parent / "packaging" / "snippets"
DRIVER = HERE.parent.parent / "examples" / "kestrel" / "driver"
ARCH: Arch = "aarch64" if os.uname().machine == "aarch64" else "x86_64"
DATE = 1_700_000_000

DebRoots = Callable[[Base], DebRoot]
Build = Callable[[Package], Artifact]

COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: kestrel

Files: *
Copyright: 2023 Kestrel Maintainers
License: Expat
 Permission is hereby granted, free of charge, to any person obtaining a copy of this software, to use it.
"""
UNIT = """\
[Unit]
Description=Kestrel
Documentation=https://kestrel.example.org/

[Service]
ExecStart=/usr/bin/kestrel

[Install]
WantedBy=multi-user.target
"""


@contextmanager
def builder(directory: Path) -> Iterator[Build]:
    with Packer(directory / "spool") as packer:

        def new(package: Package) -> Artifact:
            name = f"{package.name}-{spelling.file_name(package.version)}-{package.arch}.deb"
            path = directory / name
            written = write_file(path, deb.assemble(package, packer).file)
            return Artifact(
                path=path,
                kind="deb",
                component="userspace",
                name=package.name,
                version=package.version,
                arch=package.arch,
                size=written.size,
                sha256=written.sha256,
            )

        yield new


def package(
    *entries: Entry,
    name: str = "kestrel",
    version: str = "1.0.0",
    arch: Arch = ARCH,
    relations: Relations[str] | None = None,
    maintainer_scripts: Mapping[str, str] | None = None,
) -> Package:
    copyright_file = File(path=f"/usr/share/doc/{name}/copyright", source=COPYRIGHT.encode())
    return Package(
        name=name,
        version=Version.parse(version),
        arch=arch,
        date=DATE,
        summary="observer of system events",
        description="Kestrel reads the events of its kernel module and prints them.",
        license="MIT",
        homepage="https://kestrel.example.org/",
        maintainer="Kestrel Maintainers <kestrel@example.org>",
        vendor="Kestrel",
        section="admin",
        relations=relations or Relations(),
        scripts=maintainer_scripts or {},
        payload=Payload.of((copyright_file, *entries)),
    )


def agent(version: str = "1.0.0", settings: str = "interval = 1\n") -> Package:
    """A daemon with a unit and a configuration file."""
    return package(
        File(path="/usr/bin/kestrel", source=f"#!/bin/sh\necho {version}\n".encode(), mode=0o755),
        File(path="/etc/kestrel/kestrel.conf", source=settings.encode(), config=True),
        File(path="/usr/lib/systemd/system/kestrel.service", source=UNIT.encode()),
        version=version,
        maintainer_scripts=scripts.compose(
            "deb", SNIPPETS, scripts.WantedSnippets(services=("kestrel.service",)), own={}
        ),
    )


def files_of(machine: DebRoot) -> set[str]:
    """Every path in the root but what apt and dpkg keep for themselves."""
    own = ("proc", "dev", "tmp", "var/lib/dpkg", "var/lib/apt", "var/cache/apt", "var/log")
    paths = {path.relative_to(machine.root.path).as_posix() for path in machine.root.path.rglob("*")}
    return {path for path in paths if not path.startswith(own)}


def driver(tmp_path: Path, version: str) -> Package:
    stage = tmp_path / f"stage-{version}"
    stage.mkdir()
    environment = {**os.environ, "JESSES_VERSION": version, "JESSES_STAGE": str(stage)}
    run(sys.executable, DRIVER / "stage.py", env=environment)
    sources = sorted(path for path in (stage / "driver").rglob("*") if path.is_file())
    return package(
        *(
            File(path=f"/usr/src/kestrel-{version}/{path.relative_to(stage / 'driver')}", source=path)
            for path in sources
        ),
        name="kestrel-dkms",
        version=version,
        arch="noarch",
        relations=Relations(recommends=("dkms",)),
        maintainer_scripts=scripts.compose(
            "deb", SNIPPETS, scripts.WantedSnippets(dkms=("kestrel", version)), own={}
        ),
    )
