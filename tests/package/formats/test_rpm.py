import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jesses.base.errors import FormatError, PayloadError
from jesses.base.naming.arch import Arch
from jesses.base.package import SCRIPTS, Package, Relations, Trigger
from jesses.base.payload import Directory, Entry, File, Ghost, Payload, Symlink
from jesses.package.compression import INLINE, Packer
from jesses.package.formats import cpio, rpm_file, rpm_metadata, rpm_relations
from jesses.package.formats.rpm_metadata import SCRIPT_TAGS, Item
from jesses.package.formats.rpm_relations import RpmRelation
from jesses.package.formats.rpm_tags import FileFlag, Sense, SigTag, Tag
from tests.support.paths import GOLDEN
from tests.support.rpm_example import DATE, KESTREL, Member, build, listing, members, parse, relations


@pytest.fixture
def packer(tmp_path: Path) -> Iterator[Packer]:
    with Packer(tmp_path / "spool", threads=2) as packer:
        yield packer


@pytest.fixture
def built(packer: Packer) -> Callable[[Package], bytes]:
    return lambda package: build(package, packer)


def test_the_headers_are_the_golden_ones(built: Callable[[Package], bytes]) -> None:
    read, _ = parse(built(KESTREL))
    assert "".join(listing(read)) == (GOLDEN / "rpm-headers.txt").read_text(encoding="utf-8")


def test_digests_and_sizes_are_those_of_what_follows(built: Callable[[Package], bytes]) -> None:
    data = built(KESTREL)
    read, archive = parse(data)
    header, payload = data[read.header_start : read.header_end], data[read.header_end :]
    assert read.signature.text(SigTag.SHA256) == hashlib.sha256(header).hexdigest()
    assert read.signature.text(SigTag.SHA1) == hashlib.sha1(header, usedforsecurity=False).hexdigest()
    assert read.signature.number(SigTag.SIZE) == len(header) + len(payload)
    assert read.signature.number(SigTag.PAYLOADSIZE) == len(archive)
    assert read.header.text(Tag.PAYLOADDIGEST) == hashlib.sha256(payload).hexdigest()
    assert read.header_start % 8 == 0


def test_header_and_archive_tell_the_same_of_every_entry(built: Callable[[Package], bytes]) -> None:
    read, archive = parse(built(KESTREL))
    header = read.header
    found = list(members(archive))
    directories = header.texts(Tag.DIRNAMES)
    paths = [
        directories[index] + name
        for index, name in zip(header.numbers(Tag.DIRINDEXES), header.texts(Tag.BASENAMES), strict=True)
    ]
    assert [member.path for member in found] == ["." + path for path in paths]
    assert [member.mode for member in found] == list(header.numbers(Tag.FILEMODES))
    assert [member.inode for member in found] == list(header.numbers(Tag.FILEINODES))
    assert [len(member.content) for member in found] == list(header.numbers(Tag.FILESIZES))
    assert {member.date for member in found} == {*header.numbers(Tag.FILEMTIMES)} == {DATE}
    assert [
        hashlib.sha256(member.content).hexdigest() if stat.S_ISREG(member.mode) else "" for member in found
    ] == list(header.texts(Tag.FILEDIGESTS))


def test_directories_outside_of_the_payload_are_not_owned(built: Callable[[Package], bytes]) -> None:
    _, archive = parse(built(KESTREL))
    directories = [member.path for member in members(archive) if stat.S_ISDIR(member.mode)]
    assert directories == ["./var/lib/kestrel"]


def test_a_ghost_is_in_the_header_alone(built: Callable[[Package], bytes]) -> None:
    ghost = Ghost(path="/var/lib/kestrel/state", mode=0o600, owner="kestrel")
    read, archive = parse(built(replace(KESTREL, payload=Payload.of((*KESTREL.payload, ghost)))))
    _, without = parse(built(KESTREL))
    assert [member.path for member in members(archive)] == [member.path for member in members(without)]
    header = read.header
    assert header.texts(Tag.BASENAMES)[-1] == "state"
    assert header.numbers(Tag.FILEFLAGS)[-1] == FileFlag.GHOST
    assert header.numbers(Tag.FILEMODES)[-1] == stat.S_IFREG | 0o600
    assert header.numbers(Tag.FILEVERIFYFLAGS)[-2:] == (0xFFFFFFFF, 0xFFFFFFD8)
    assert (header.texts(Tag.FILEDIGESTS)[-1], header.numbers(Tag.FILESIZES)[-1]) == ("", 0)


def test_what_breaks_others_conflicts_with_them(built: Callable[[Package], bytes]) -> None:
    package = replace(KESTREL, relations=Relations(conflicts=("a",), breaks=("b < 2",)))
    read, _ = parse(built(package))
    assert relations(read, rpm_relations.CONFLICTS) == [
        RpmRelation(name="a"),
        RpmRelation(name="b", sense=Sense.LESS, evr="2"),
    ]


def test_a_trigger_is_what_rpmbuild_makes_of_two_file_triggers(built: Callable[[Package], bytes]) -> None:
    triggers = (Trigger(path="/usr/lib/x", script="echo x\n"), Trigger(path="/usr/lib/z", script="echo z\n"))
    header = parse(built(replace(KESTREL, scripts={}, triggers=triggers)))[0].header
    assert header.texts(Tag.TRANSFILETRIGGERSCRIPTS) == ("echo x\n", "echo x\n", "echo z\n", "echo z\n")
    assert header.texts(Tag.TRANSFILETRIGGERSCRIPTPROG) == 4 * ("/bin/sh",)
    assert header.texts(Tag.TRANSFILETRIGGERNAME) == ("/usr/lib/x", "/usr/lib/x", "/usr/lib/z", "/usr/lib/z")
    assert header.numbers(Tag.TRANSFILETRIGGERINDEX) == (0, 1, 2, 3)
    assert header.numbers(Tag.TRANSFILETRIGGERFLAGS) == 2 * (0x10000, 0x40000)
    assert "/bin/sh" in header.texts(Tag.REQUIRENAME)


def test_a_trigger_with_windows_line_endings_is_an_error(built: Callable[[Package], bytes]) -> None:
    with pytest.raises(FormatError, match="script of the trigger on /x has Windows line endings"):
        built(replace(KESTREL, triggers=(Trigger(path="/x", script="echo\r\n"),)))


NAMES = st.text("abcxyz-._+~ é", min_size=1, max_size=12).filter(lambda name: name not in {".", ".."})
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda names: "/" + "/".join(names))
CONTENTS = st.binary(max_size=50) | st.just(bytes(range(256)) * (INLINE // 128))


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    path = draw(PATHS)
    match draw(st.sampled_from(["file", "directory", "symlink"])):
        case "file":
            return File(path=path, source=draw(CONTENTS), mode=draw(st.integers(0, 0o7777)))
        case "directory":
            return Directory(path=path, mode=draw(st.integers(0, 0o7777)))
        case _:
            return Symlink(path=path, target=draw(PATHS))


@st.composite
def payloads(draw: st.DrawFn) -> Payload:
    drawn = draw(st.lists(entries(), max_size=6))
    try:
        return Payload.of(drawn)
    except PayloadError:
        return Payload.of(drawn[:1])


KINDS = {File: stat.S_IFREG, Directory: stat.S_IFDIR, Symlink: stat.S_IFLNK}


@settings(deadline=None)
@given(payloads())
def test_every_payload_is_read_back_from_the_archive(
    tmp_path_factory: pytest.TempPathFactory, payload: Payload
) -> None:
    with Packer(tmp_path_factory.mktemp("spool"), threads=1) as packer:
        _, archive = parse(build(replace(KESTREL, payload=payload), packer))
    expected = []
    for inode, entry in enumerate(payload, start=1):
        content = entry.target.encode() if isinstance(entry, Symlink) else b""
        if isinstance(entry, File):
            assert isinstance(entry.source, bytes)
            content = entry.source
        expected.append(
            Member(
                path="." + entry.path,
                inode=inode,
                mode=KINDS[type(entry)] | entry.mode,
                date=DATE,
                content=content,
            )
        )
    assert list(members(archive)) == expected


def test_large_files_are_spliced_into_one_gzip_member(tmp_path: Path, packer: Packer) -> None:
    source = tmp_path / "large"
    source.write_bytes(os.urandom(INLINE) + bytes(3_000_000))
    package = replace(KESTREL, payload=Payload.of([File(path="/usr/bin/large", source=source)]))
    read, archive = parse(build(package, packer))
    (member,) = members(archive)
    assert member.content == source.read_bytes()
    assert read.header.text(Tag.FILEDIGESTS) == hashlib.sha256(member.content).hexdigest()


def test_the_bytes_do_not_depend_on_where_when_and_in_which_order(tmp_path: Path) -> None:
    built = []
    for number, mode in ((1, 0o600), (2, 0o644)):
        source = tmp_path / f"tree-{number}" / "kestrel"
        source.parent.mkdir()
        source.write_bytes(bytes(2 * INLINE))
        source.chmod(mode)
        os.utime(source, (number, number))
        added = [File(path="/usr/bin/a", source=source, mode=0o755), *KESTREL.payload]
        payload = Payload.of(added if number == 1 else added[::-1])
        with Packer(tmp_path / f"spool-{number}", threads=number) as packer:
            built.append(build(replace(KESTREL, payload=payload), packer))
    assert built[0] == built[1]


def test_descriptions_are_filled_and_lists_in_them_stay(built: Callable[[Package], bytes]) -> None:
    address = "https://kestrel.example.org/" + 80 * "x"
    text = f"\nIt knows\nmuch:\n\n - an event\n   of the driver\n\n{30 * 'word '}\n{address}\n"
    read, _ = parse(built(replace(KESTREL, description=text)))
    lines = read.header.text(Tag.DESCRIPTION).split("\n")
    assert lines[:5] == ["It knows much:", "", " - an event", "   of the driver", ""]
    assert lines[5:] == [" ".join(["word"] * 16), " ".join(["word"] * 14), address]


def test_config_files_survive_upgrades_and_are_marked(built: Callable[[Package], bytes]) -> None:
    read, _ = parse(built(KESTREL))
    flags = dict(zip(read.header.texts(Tag.BASENAMES), read.header.numbers(Tag.FILEFLAGS), strict=True))
    assert flags["kestrel.conf"] == FileFlag.CONFIG | FileFlag.NOREPLACE
    assert (flags["README"], flags["LICENSE"]) == (FileFlag.DOC, FileFlag.LICENSE)
    assert flags["kestrel"] == FileFlag.NONE
    own = RpmRelation(name="config(kestrel)", evr="1.2.3-1", sense=Sense.CONFIG | Sense.EQUAL)
    assert own in relations(read, rpm_relations.PROVIDES)
    assert own in relations(read, rpm_relations.REQUIRES)


def test_a_package_without_config_files_provides_and_requires_none(built: Callable[[Package], bytes]) -> None:
    read, _ = parse(built(replace(KESTREL, payload=Payload.of([]))))
    assert "config(kestrel)" not in {*read.header.texts(Tag.PROVIDENAME), *read.header.texts(Tag.REQUIRENAME)}
    assert read.header.find(Tag.BASENAMES) is None


@pytest.mark.parametrize(
    ("arch", "provided"), [("x86_64", "kestrel(x86-64)"), ("aarch64", "kestrel(aarch-64)"), ("noarch", None)]
)
def test_a_package_provides_itself_for_its_architecture(
    built: Callable[[Package], bytes], arch: Arch, provided: str | None
) -> None:
    read, _ = parse(built(replace(KESTREL, arch=arch)))
    names = [name for name in read.header.texts(Tag.PROVIDENAME) if name.startswith("kestrel(")]
    assert names == ([provided] if provided else [])
    assert read.header.text(Tag.ARCH) == arch


def test_scripts_require_the_shell_that_runs_them(built: Callable[[Package], bytes]) -> None:
    every = {name: f"echo {name}\n" for name in SCRIPTS["rpm"]}
    read, _ = parse(built(replace(KESTREL, scripts=every)))
    assert set(SCRIPT_TAGS) == set(every)
    for name, (script, interpreter, sense) in SCRIPT_TAGS.items():
        assert read.header.text(script) == every[name]
        assert read.header.text(interpreter) == "/bin/sh"
        required = RpmRelation(name="/bin/sh", sense=Sense.INTERP | sense)
        assert required in relations(read, rpm_relations.REQUIRES)


def test_a_package_without_scripts_requires_no_shell(built: Callable[[Package], bytes]) -> None:
    read, _ = parse(built(replace(KESTREL, scripts={})))
    assert "/bin/sh" not in read.header.texts(Tag.REQUIRENAME)
    assert read.header.find(Tag.POSTIN) is None


@pytest.mark.parametrize(
    ("relation", "feature"),
    [("a >= 1~rc1", "TildeInVersions"), ("a >= 1^git1", "CaretInVersions"), ("a >= 1", None)],
)
def test_rpm_is_required_to_know_the_marks_in_versions(
    built: Callable[[Package], bytes], relation: str, feature: str | None
) -> None:
    read, _ = parse(built(replace(KESTREL, relations=Relations(depends=(relation,)))))
    features = {name for name in read.header.texts(Tag.REQUIRENAME) if "InVersions" in name}
    assert features == ({f"rpmlib({feature})"} if feature else set())


@pytest.mark.parametrize(
    "text",
    ["", "a b", "a >=", "a => 1", "a >= 1 2", "a (>= 1)", "(a or b)", "a, b", "a >= 1-2-3", ">= 1", "a | b"],
)
def test_a_malformed_relation_is_refused_by_name(packer: Packer, text: str) -> None:
    package = replace(KESTREL, relations=Relations(recommends=(text,)))
    with pytest.raises(FormatError) as caught:
        build(package, packer)
    assert f"{text!r} in recommends: write 'name' or 'name >= 1.2'" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "kestrel agent"}, "the name 'kestrel agent'"),
        ({"name": "-kestrel"}, "the name '-kestrel'"),
        ({"summary": " "}, "the summary is empty"),
        ({"summary": "two\nlines"}, r"the summary 'two\nlines': write one line"),
        ({"description": ""}, "the description is empty"),
        ({"description": "a\0b"}, "the description holds a null character"),
        ({"license": ""}, "the license is empty"),
        ({"maintainer": "A\n<a@example.org>"}, "the maintainer 'A"),
        ({"vendor": "a\tb"}, "the vendor"),
        ({"scripts": {"postinst": "true\n"}}, "a script 'postinst' is unknown to rpm: use pretrans, pre"),
        ({"scripts": {"post": "true\r\n"}}, "the script post has Windows line endings"),
        ({"scripts": {"post": "a\0b"}}, "the script post holds a null character"),
    ],
)
def test_what_rpm_forbids_is_refused_by_name(packer: Packer, change: dict[str, object], message: str) -> None:
    with pytest.raises(FormatError) as caught:
        build(replace(KESTREL, **change), packer)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_everything_that_is_wrong_is_told_at_once(packer: Packer) -> None:
    package = replace(KESTREL, summary="", license="", relations=Relations(depends=("a b",)))
    with pytest.raises(FormatError) as caught:
        build(package, packer)
    assert str(caught.value).count("\n    ") == 3


def test_a_file_of_four_gigabytes_has_the_long_form_of_everything(packer: Packer) -> None:
    large, small = (replace(packer.pack(b"x"), size=size) for size in (1 << 32, 7))
    items = [
        Item.of(File(path="/usr/a", source=b"x"), large),
        Item.of(File(path="/usr/b", source=b"x"), small),
    ]
    header = rpm_metadata.header(KESTREL, items, payload_sha256="")
    assert header.numbers(Tag.LONGFILESIZES) == (1 << 32, 7)
    assert header.numbers(Tag.LONGSIZE) == ((1 << 32) + 7,)
    assert header.find(Tag.FILESIZES) is header.find(Tag.SIZE) is None
    assert "rpmlib(LargeFiles)" in header.texts(Tag.REQUIRENAME)
    assert cpio.stripped(1) == b"07070X00000001\0\0"


def test_many_files_need_the_long_form_of_their_sum_alone(packer: Packer) -> None:
    half = replace(packer.pack(b"x"), size=1 << 31)
    items = [Item.of(File(path=path, source=b"x"), half) for path in ("/usr/a", "/usr/b")]
    header = rpm_metadata.header(KESTREL, items, payload_sha256="")
    assert header.numbers(Tag.FILESIZES) == (1 << 31, 1 << 31)
    assert header.numbers(Tag.LONGSIZE) == (1 << 32,)
    assert "rpmlib(LargeFiles)" not in header.texts(Tag.REQUIRENAME)
    signature = rpm_file.signature_header(b"", payload_size=1, archive_size=1 << 32, large=True)
    assert signature.numbers(SigTag.LONGARCHIVESIZE) == (1 << 32,)
    assert signature.find(SigTag.PAYLOADSIZE) is None
