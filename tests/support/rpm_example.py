"""A package, and a reader of RPM files that shares nothing with what writes them but the header."""

import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass

from semver import Version

from jesses.base.package import Package, Relations
from jesses.base.payload import Directory, File, Payload, Symlink
from jesses.package.compression import Packer
from jesses.package.formats import rpm, rpm_file
from jesses.package.formats.rpm_file import RpmFile
from jesses.package.formats.rpm_relations import RpmRelation
from jesses.package.formats.rpm_tags import Sense, SigTag, Tag

DATE = 1_700_000_000

KESTREL = Package(
    name="kestrel",
    version=Version.parse("1.2.3"),
    arch="x86_64",
    date=DATE,
    summary="Watches what happens on a machine",
    description="Kestrel reads the events of its kernel module.\n\nWithout it, what /proc tells.",
    license="Apache-2.0",
    homepage="https://kestrel.example.org/",
    maintainer="Kestrel Maintainers <kestrel@example.org>",
    vendor="Kestrel",
    relations=Relations(
        depends=("coreutils", "libfoo >= 1.2"),
        recommends=("kestrel-dkms",),
        suggests=("kestrel-doc",),
        conflicts=("kestrel-agent < 1.0~rc1",),
        provides=("event-watcher = 1",),
        replaces=("kestrel-agent",),
    ),
    scripts={"post": "#!/bin/sh\necho post $1\n", "postun": "echo postun $1\n"},
    payload=Payload.of(
        (
            File(path="/usr/bin/kestrel", source=b"\x7fELF" * 300, mode=0o755),
            File(path="/etc/kestrel/kestrel.conf", source=b"interval = 1\n", config=True),
            File(path="/usr/share/doc/kestrel/README", source=b"Read.\n", doc=True),
            File(path="/usr/share/licenses/kestrel/LICENSE", source=b"Apache\n", license=True),
            Symlink(path="/usr/sbin/kestrel", target="../bin/kestrel"),
            Directory(path="/var/lib/kestrel", mode=0o700, owner="kestrel", group="kestrel"),
        )
    ),
)


@dataclass(frozen=True, kw_only=True)
class Member:
    """What a cpio archive says of one path."""

    path: str
    inode: int
    mode: int
    date: int
    content: bytes


def members(archive: bytes) -> Iterator[Member]:
    """The members of a newc archive, read as cpio(5) describes it."""
    at = 0
    while True:
        assert archive[at : at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        inode, mode, _, _, _, date, size, *_, name_size, check = fields
        name = archive[at + 110 : at + 110 + name_size]
        assert (name[-1:], check) == (b"\0", 0)
        start = -(-(at + 110 + name_size) // 4) * 4
        at = -(-(start + size) // 4) * 4
        if name == b"TRAILER!!!\0":
            assert at == len(archive)
            return
        content = archive[start : start + size]
        yield Member(path=name[:-1].decode(), inode=inode, mode=mode, date=date, content=content)


def build(package: Package, packer: Packer) -> bytes:
    return bytes(rpm.assemble(package, packer).file)


def parse(data: bytes) -> tuple[RpmFile, bytes]:
    """Everything before the payload, and the archive in it."""
    stream = io.BytesIO(data)
    read = rpm_file.read(stream)
    return read, gzip.decompress(stream.read())


def relations(read: RpmFile, tags: tuple[Tag, Tag, Tag]) -> list[RpmRelation]:
    names, flags, versions = tags
    header = read.header
    return [
        RpmRelation(name=name, sense=Sense(flag), evr=evr)
        for name, flag, evr in zip(
            header.texts(names), header.numbers(flags), header.texts(versions), strict=True
        )
    ]


# What zlib-ng makes of the payload is no matter of the headers.
MASKED = ("SHA1 STRING", "SHA256 STRING", "SIZE INT32", "PAYLOADDIGEST STRING_ARRAY")


def listing(read: RpmFile) -> Iterator[str]:
    """The entries of both headers, one a line."""
    for names, header in ((SigTag, read.signature), (Tag, read.header)):
        for entry in header.entries:
            what = f"{names(entry.tag).name} {entry.type.name}"
            masked = what in MASKED and (what, names) != ("SIZE INT32", Tag)
            values = list(header.texts(entry.tag) or header.numbers(entry.tag))
            yield f"{what} {'...' if masked else values}\n"
