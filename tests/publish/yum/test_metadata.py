import hashlib
import io
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from jesses.base.package import Package, Relations
from jesses.base.payload import Directory, File, Payload, Symlink
from jesses.package.compression import Packer
from jesses.package.formats import rpm, rpm_file, rpm_header
from jesses.package.formats.rpm_file import RpmFile
from jesses.package.formats.rpm_header import Header
from jesses.package.formats.rpm_tags import Sense, Tag
from jesses.publish.yum.metadata import IndexedPackage, describe
from tests.support.paths import GOLDEN

COMMON = "{http://linux.duke.edu/metadata/common}"
RPM = "{http://linux.duke.edu/metadata/rpm}"
WRAPPER = (
    '<x xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm">{}</x>'
)

KESTREL = Package(
    name="kestrel",
    version=Version.parse("1.2.3"),
    arch="x86_64",
    date=1_700_000_000,
    summary="Watches <everything> & more",
    description='Says "hello".\n\nAnd more.',
    license="MIT",
    homepage="https://kestrel.example.org/?a&b",
    maintainer="Kestrel Maintainers <kestrel@example.org>",
    vendor="Kestrel",
    relations=Relations(
        depends=("coreutils", "libfoo >= 2:1.2-3"),
        recommends=("kestrel-dkms",),
        suggests=("kestrel-doc",),
        conflicts=("kestrel-agent < 1.0~rc1",),
        provides=("event-watcher = 1",),
        replaces=("kestrel-agent",),
    ),
    scripts={"post": "true\n", "preun": "true\n", "pre": "true\n"},
    payload=Payload.of(
        (
            File(path="/usr/bin/kestrel", source=b"k" * 1000, mode=0o755),
            File(path="/etc/kestrel/kestrel.conf", source=b"interval = 1\n", config=True),
            Symlink(path="/usr/sbin/kestrel", target="../bin/kestrel"),
            Directory(path="/var/lib/kestrel"),
            File(path="/usr/share/doc/kestrel/README", source=b"r"),
        )
    ),
)


@pytest.fixture
def read(tmp_path: Path) -> RpmFile:
    with Packer(tmp_path / "spool", threads=1) as packer:
        return rpm_file.read(io.BytesIO(bytes(rpm.assemble(KESTREL, packer).file)))


def described(read: RpmFile) -> IndexedPackage:
    return describe(read, sha256="d1", size=4711, location="packages/kestrel.rpm")


def primary(read: RpmFile) -> ET.Element:
    text = described(read).elements["primary"].decode()
    return ET.fromstring(WRAPPER.format(text))[0]  # noqa: S314 - made by the code under test


def changed(read: RpmFile, *entries: rpm_header.HeaderEntry) -> RpmFile:
    kept = read.header.without([entry.tag for entry in entries]).entries
    return replace(read, header=Header.of((*kept, *entries)))


def test_the_elements_are_the_golden_ones(read: RpmFile) -> None:
    package = described(read)
    text = b"".join(package.elements[kind] for kind in ("primary", "filelists", "other")).decode()
    assert text == (GOLDEN / "rpm-metadata.xml").read_text(encoding="utf-8")
    assert str(package.nevra) == "kestrel-1.2.3-1.x86_64"


TEXTS = st.text(st.characters(exclude_characters="\0\r", codec="utf-8"), max_size=20)


@given(TEXTS, TEXTS)
def test_any_text_gives_sound_xml(summary: str, provided: str) -> None:
    header = Header.of(
        [
            rpm_header.i18n(Tag.SUMMARY, summary),
            rpm_header.texts(Tag.PROVIDENAME, [provided]),
            rpm_header.int32(Tag.PROVIDEFLAGS, Sense.ANY),
            rpm_header.texts(Tag.PROVIDEVERSION, [""]),
        ]
    )
    read = RpmFile(
        lead=b"",
        signature=Header.of([]),
        header=header,
        header_bytes=hashlib.sha256().digest(),
        header_start=0,
    )
    element = primary(read)
    assert element.findtext(f"{COMMON}summary") == "".join(c for c in summary if c >= " " or c in "\t\n")
    entry = element.find(f".//{RPM}provides/{RPM}entry")
    assert entry is not None
    assert entry.attrib["name"] == "".join(c for c in provided if c >= " " or c in "\t\n")


def test_a_requirement_is_listed_once_and_not_where_the_package_itself_provides_it(read: RpmFile) -> None:
    required = primary(read).findall(f".//{RPM}requires/{RPM}entry")
    assert [(entry.attrib["name"], entry.get("pre")) for entry in required] == [
        ("/bin/sh", "1"),
        ("/bin/sh", None),
        ("coreutils", None),
        ("libfoo", None),
    ]


def test_an_epoch_is_kept(read: RpmFile) -> None:
    package = described(changed(read, rpm_header.int32(Tag.EPOCH, 3)))
    assert str(package.nevra) == "kestrel-3:1.2.3-1.x86_64"
    assert b'<version epoch="3" ver="1.2.3" rel="1"/>' in package.elements["filelists"]


def test_a_source_package_has_its_own_architecture(read: RpmFile) -> None:
    source = replace(read, header=read.header.without([Tag.SOURCERPM]))
    assert described(source).nevra.arch == "src"


def test_only_the_newest_changelogs_are_listed_oldest_first(read: RpmFile) -> None:
    many = changed(
        read,
        rpm_header.int32(Tag.CHANGELOGTIME, *range(100, 80, -1)),
        rpm_header.texts(Tag.CHANGELOGNAME, [f"a{number}" for number in range(20)]),
        rpm_header.texts(Tag.CHANGELOGTEXT, ["- t"] * 20),
    )
    text = described(many).elements["other"].decode()
    root = ET.fromstring(text)  # noqa: S314 - made by the code under test
    assert [int(entry.attrib["date"]) for entry in root.iter("changelog")] == list(range(91, 101))
