"""A package for the tests of DEB files, and the parts of what was written."""

import io

from semver import Version

from jesses.base.bytes.rope import Rope
from jesses.base.package import Package, Relations
from jesses.base.payload import Directory, File, Payload, Symlink
from jesses.package.formats import ar

DATE = 1_700_000_000
COPYRIGHT = File(path="/usr/share/doc/kestrel/copyright", source=b"MIT\n", license=True)

DESCRIPTION = """\
Kestrel reads the events of its kernel module, and, where there is none, what the
proc file system tells.

It knows

 - the events of the driver, and
 - processes that start and end.

.NET programs are seen as well.
"""


def payload(*entries: File | Directory | Symlink) -> Payload:
    return Payload.of((COPYRIGHT, *entries))


KESTREL = Package(
    name="kestrel",
    version=Version.parse("1.2.3"),
    arch="x86_64",
    date=DATE,
    summary="watches what happens on a machine",
    description=DESCRIPTION,
    license="MIT",
    homepage="https://kestrel.example.org/",
    maintainer="Kestrel Maintainers <kestrel@example.org>",
    vendor="Kestrel",
    section="admin",
    relations=Relations(
        depends=("libc6(>=2.31)", "adduser | systemd-sysusers"),
        recommends=("kestrel-dkms",),
        conflicts=("kestrel-agent (<< 1.0~)",),
        provides=("event-watcher (= 1)",),
        replaces=("kestrel-agent",),
    ),
    scripts={"postinst": "#!/bin/sh\nset -e\n", "prerm": "#!/bin/sh\nexit 0\n"},
    payload=payload(
        File(path="/usr/bin/kestrel", source=b"\x7fELF" * 300, mode=0o755),
        File(path="/etc/kestrel/kestrel.conf", source=b"interval = 1\n", config=True),
        Symlink(path="/usr/sbin/kestrel", target="../bin/kestrel"),
        Directory(path="/var/lib/kestrel", mode=0o700),
    ),
)


def parts(data: bytes) -> dict[str, bytes]:
    return {
        member.name: data[member.offset : member.offset + member.size]
        for member in ar.members(io.BytesIO(data))
    }


def archive(members: dict[str, bytes]) -> bytes:
    return bytes(ar.archive({name: Rope.of(content) for name, content in members.items()}, date=0))
