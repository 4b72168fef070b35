"""RPM packages made by this project, for tests with real rpm and dnf."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.bytes.atomic import write_file
from jesses.base.naming.arch import Arch
from jesses.base.package import Package, Relations
from jesses.base.payload import Directory, File, Payload, Symlink
from jesses.base.resources import packaging_data
from jesses.package.compression import INLINE, Packer
from jesses.package.formats import rpm
from jesses.package.scripts import WantedSnippets, compose
from jesses.signing import Signer, openpgp

DATE = 1_700_000_000
LARGE = b"".join(hashlib.sha256(bytes((n % 251, n // 251))).digest() for n in range(5 * INLINE // 32))
UNIT = b"""\
[Unit]
Description=Kestrel

[Service]
ExecStart=/usr/bin/kestrel

[Install]
WantedBy=multi-user.target
"""
PAYLOAD = Payload.of(
    (
        File(path="/usr/bin/kestrel", source=b"#!/bin/sh\necho kestrel\n", mode=0o755),
        File(path="/usr/lib/kestrel/rules", source=LARGE),
        File(path="/usr/lib/kestrel/helper", source=b"#!/bin/sh\n", mode=0o4755),
        Directory(path="/usr/lib/kestrel"),
        File(path="/usr/lib/systemd/system/kestrel.service", source=UNIT),
        Directory(path="/etc/kestrel"),
        File(path="/etc/kestrel/kestrel.conf", source=b"interval = 1\n", config=True),
        File(path="/usr/share/doc/kestrel/README", source=b"Read me.\n", doc=True),
        Directory(path="/usr/share/doc/kestrel"),
        File(path="/usr/share/licenses/kestrel/LICENSE", source=b"Apache-2.0\n", license=True),
        Directory(path="/usr/share/licenses/kestrel"),
        Symlink(path="/usr/bin/kestrelctl", target="kestrel"),
        Directory(path="/var/lib/kestrel", mode=0o750, group="nobody"),
    )
)


@cache
def signer() -> Signer:
    """One key for all tests of a run: making one takes seconds."""
    return openpgp.ephemeral("Kestrel Releases <kestrel@example.org>")


def agent(version: str = "1.0.0", payload: Payload = PAYLOAD, arch: Arch = "x86_64") -> Package:
    """Userspace with a service, a configuration file, links and an empty directory."""
    return package(
        "kestrel",
        version,
        payload,
        arch=arch,
        depends=("coreutils",),
        scripts=scripts(services=("kestrel.service",)),
    )


def driver(version: str = "1.0.0") -> Package:
    """A DKMS module."""
    top = f"/usr/src/kestrel-{version}"
    conf = (
        f'PACKAGE_NAME="kestrel"\nPACKAGE_VERSION="{version}"\nBUILT_MODULE_NAME[0]="kestrel"\n'
        'DEST_MODULE_LOCATION[0]="/extra"\nAUTOINSTALL="yes"\n'
    )
    payload = Payload.of(
        (
            Directory(path=top),
            File(path=f"{top}/dkms.conf", source=conf.encode()),
            File(path=f"{top}/Makefile", source=b"obj-m := kestrel.o\n"),
        )
    )
    return package(
        "kestrel-dkms",
        version,
        payload,
        arch="noarch",
        depends=("dkms",),
        scripts=scripts(dkms=("kestrel", version)),
    )


def scripts(*, services: tuple[str, ...] = (), dkms: tuple[str, str] | None = None) -> dict[str, str]:
    return compose("rpm", packaging_data() / "snippets", WantedSnippets(services=services, dkms=dkms), own={})


def package(
    name: str,
    version: str,
    payload: Payload,
    *,
    arch: Arch = "x86_64",
    depends: tuple[str, ...] = (),
    scripts: Mapping[str, str] | None = None,
) -> Package:
    return Package(
        name=name,
        version=Version.parse(version),
        arch=arch,
        date=DATE,
        summary="Watches what happens on a machine",
        description="Kestrel reads the events of its kernel module & tells them.\n\nNothing <else>.",
        license="Apache-2.0",
        homepage="https://kestrel.example.org/",
        maintainer="Kestrel Maintainers <kestrel@example.org>",
        vendor="Kestrel",
        payload=payload,
        relations=Relations(depends=depends, recommends=("kestrel-doc >= 1.0",), replaces=("old < 1",)),
        scripts=scripts or {},
    )


def build(package: Package, directory: Path, *, key: Signer | None = None) -> Artifact:
    """The package as a file in `directory`, signed if there is a key."""
    directory.mkdir(exist_ok=True, parents=True)
    path = directory / f"{package.name}-{package.version}-{package.arch}.rpm"
    with Packer(directory / "spool") as packer:
        digest = write_file(path, rpm.assemble(package, packer).file).sha256
    signed = rpm.sign(path, key) if key else None
    return Artifact(
        path=path,
        kind="rpm",
        component="userspace",
        name=package.name,
        version=package.version,
        arch=package.arch,
        size=path.stat().st_size,
        sha256=digest,
        signed_sha256=signed,
    )
