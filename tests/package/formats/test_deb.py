import gzip
import hashlib
import io
import stat
import string
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jesses.base.errors import FormatError, PayloadError
from jesses.base.package import Package, Relations
from jesses.base.payload import Directory, File, Ghost, Payload, Symlink
from jesses.package.compression import INLINE, Packer
from jesses.package.formats import deb
from tests.support.deb_example import DATE, KESTREL, parts, payload
from tests.support.paths import GOLDEN


@pytest.fixture
def packer(tmp_path: Path) -> Iterator[Packer]:
    with Packer(tmp_path / "spool", threads=2) as packer:
        yield packer


def written(package: Package, packer: Packer) -> bytes:
    return bytes(deb.assemble(package, packer).file)


def unpacked(data: bytes, part: str) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(parts(data)[part]), mode="r:gz") as archive:
        return {member.name: (member, content_of(archive, member)) for member in archive}


def content_of(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member) if member.isreg() else None
    return stream.read() if stream else b""


def listing(data: bytes, part: str) -> str:
    return "".join(
        f"{stat.filemode(info.mode | FILE_TYPES[info.type])} {info.uname}/{info.gname} {info.uid}/{info.gid} "
        f"{info.mtime} {info.name}{' -> ' + info.linkname if info.linkname else ''}\n"
        for info, _ in unpacked(data, part).values()
    )


FILE_TYPES = {tarfile.REGTYPE: stat.S_IFREG, tarfile.DIRTYPE: stat.S_IFDIR, tarfile.SYMTYPE: stat.S_IFLNK}


def control_file(data: bytes, name: str) -> str:
    return unpacked(data, "control.tar.gz")[f"./{name}"][1].decode()


def test_the_parts_come_in_the_order_of_the_format(packer: Packer) -> None:
    data = written(KESTREL, packer)
    assert list(parts(data)) == ["debian-binary", "control.tar.gz", "data.tar.gz"]
    assert parts(data)["debian-binary"] == b"2.0\n"
    assert data.startswith(b"!<arch>\ndebian-binary   1700000000  0     0     100644  4         `\n2.0\n")
    assert len(data) % 2 == 0


def test_the_control_file_is_the_golden_one(packer: Packer) -> None:
    control = control_file(written(KESTREL, packer), "control")
    assert control == (GOLDEN / "deb-control.txt").read_text(encoding="utf-8")


def test_breaks_and_triggers_have_their_places(packer: Packer) -> None:
    package = replace(
        KESTREL,
        relations=Relations(breaks=("kestrel-agent (<< 2.0)",)),
        trigger_lines=("interest-noawait /usr/lib/kestrel", "activate-noawait ldconfig"),
    )
    data = written(package, packer)
    assert "\nBreaks: kestrel-agent (<< 2.0)\n" in control_file(data, "control")
    assert control_file(data, "triggers") == "interest-noawait /usr/lib/kestrel\nactivate-noawait ldconfig\n"


def test_a_trigger_that_dpkg_does_not_know_is_an_error(packer: Packer) -> None:
    with pytest.raises(FormatError, match="the trigger 'activates ldconfig': write"):
        written(replace(KESTREL, trigger_lines=("activates ldconfig",)), packer)


def test_a_ghost_is_not_in_the_file(packer: Packer) -> None:
    ghost = Ghost(path="/var/lib/kestrel/state")
    package = replace(KESTREL, payload=Payload.of((*KESTREL.payload, ghost)))
    assert written(package, packer) == written(KESTREL, packer)


def test_the_contents_are_the_golden_ones(packer: Packer) -> None:
    data = written(KESTREL, packer)
    contents = listing(data, "control.tar.gz") + "\n" + listing(data, "data.tar.gz")
    assert contents == (GOLDEN / "deb-contents.txt").read_text(encoding="utf-8")


def test_md5sums_lists_every_file_but_configuration(packer: Packer) -> None:
    data = written(KESTREL, packer)
    files = {
        name[2:]: hashlib.md5(content, usedforsecurity=False).hexdigest()
        for name, (info, content) in unpacked(data, "data.tar.gz").items()
        if info.isfile() and name != "./etc/kestrel/kestrel.conf"
    }
    assert control_file(data, "md5sums") == "".join(f"{md5}  {name}\n" for name, md5 in files.items())


def test_what_lies_in_etc_is_configuration_marked_or_not(packer: Packer) -> None:
    package = replace(
        KESTREL,
        payload=payload(
            File(path="/etc/cron.d/kestrel", source=b""),
            File(path="/opt/kestrel/settings", source=b"", config=True),
            File(path="/usr/etc/not", source=b""),
        ),
    )
    assert (
        control_file(written(package, packer), "conffiles") == "/etc/cron.d/kestrel\n/opt/kestrel/settings\n"
    )


def test_a_package_without_configuration_has_no_conffiles(packer: Packer) -> None:
    data = written(replace(KESTREL, payload=payload()), packer)
    assert "./conffiles" not in unpacked(data, "control.tar.gz")


def test_the_changelog_is_compressed_as_gzip_9n_does(packer: Packer) -> None:
    _, content = unpacked(written(KESTREL, packer), "data.tar.gz")["./usr/share/doc/kestrel/changelog.gz"]
    assert content[:9] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02"  # no name, no time, the best level
    assert gzip.decompress(content).decode() == (
        "kestrel (1.2.3) unstable; urgency=medium\n\n"
        "  * Release 1.2.3.\n\n"
        " -- Kestrel Maintainers <kestrel@example.org>  Tue, 14 Nov 2023 22:13:20 +0000\n"
    )


def test_a_changelog_of_the_product_is_kept(packer: Packer) -> None:
    own = File(path="/usr/share/doc/kestrel/changelog.Debian.gz", source=b"own")
    contents = unpacked(written(replace(KESTREL, payload=payload(own)), packer), "data.tar.gz")
    assert contents["./usr/share/doc/kestrel/changelog.Debian.gz"][1] == b"own"
    assert "./usr/share/doc/kestrel/changelog.gz" not in contents


def test_installed_size_counts_as_dpkg_gencontrol_does(packer: Packer) -> None:
    package = replace(
        KESTREL,
        payload=payload(
            File(path="/opt/a", source=b"x" * 1025),
            File(path="/opt/empty", source=b""),
            Symlink(path="/opt/link", target="a"),
        ),
    )
    # The root, /opt, /usr, share, doc and kestrel; a (2), link, copyright and changelog.
    assert "\nInstalled-Size: 11\n" in control_file(written(package, packer), "control")


def test_a_large_file_is_spliced_in_whole(packer: Packer, tmp_path: Path) -> None:
    content = bytes(range(256)) * (INLINE // 100)
    (tmp_path / "large").write_bytes(content)
    package = replace(KESTREL, payload=payload(File(path="/opt/large", source=tmp_path / "large")))
    data = written(package, packer)
    assert unpacked(data, "data.tar.gz")["./opt/large"][1] == content
    assert f"{hashlib.md5(content).hexdigest()}  opt/large\n" in control_file(data, "md5sums")  # noqa: S324


def test_the_same_package_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(range(256)) * 8192)
    package = replace(KESTREL, payload=payload(File(path="/opt/large", source=tmp_path / "large")))
    with Packer(tmp_path / "one", threads=1) as one, Packer(tmp_path / "four", threads=4) as four:
        assert written(package, one) == written(package, four)


def test_long_and_foreign_names_need_no_pax_header(packer: Packer) -> None:
    # dpkg: "unsupported PAX tar header type 'x'".
    name = f"/opt/{'a' * 120}/{'ä' * 80}"
    package = replace(
        KESTREL, payload=payload(File(path=name, source=b"content"), Symlink(path="/opt/l", target="b" * 150))
    )
    data = written(package, packer)
    contents = unpacked(data, "data.tar.gz")
    assert contents[f".{name}"][1] == b"content"
    assert contents["./opt/l"][0].linkname == "b" * 150
    assert not any(info.pax_headers for info, _ in contents.values())


NAMES = st.text(st.sampled_from(string.ascii_letters + string.digits + "-_.+~ äß"), min_size=1, max_size=60)
PATHS = st.lists(NAMES.filter(lambda name: name not in {".", ".."}), min_size=1, max_size=4)
MODES = st.integers(0, 0o7777)
OWNERS = st.sampled_from(["root", "adm", "kestrel"])


@st.composite
def entries(draw: st.DrawFn) -> File | Directory | Symlink:
    path, mode, owner, group = "/" + "/".join(draw(PATHS)), draw(MODES), draw(OWNERS), draw(OWNERS)
    match draw(st.sampled_from([File, Directory, Symlink])):
        case kind if kind is File:
            return File(path=path, source=draw(st.binary(max_size=2000)), mode=mode, owner=owner, group=group)
        case kind if kind is Directory:
            return Directory(path=path, mode=mode, owner=owner, group=group)
        case _:
            return Symlink(path=path, target=draw(NAMES), owner=owner, group=group)


@settings(deadline=None)
@given(st.lists(entries(), max_size=12))
def test_any_payload_comes_back(tmp_path_factory: pytest.TempPathFactory, given_entries: list[File]) -> None:
    try:
        whole = payload(*given_entries).with_parents()
    except PayloadError:
        return
    with Packer(tmp_path_factory.mktemp("spool"), threads=1) as packer:
        contents = unpacked(written(replace(KESTREL, payload=whole), packer), "data.tar.gz")
    assert next(iter(contents)) == "."
    for entry in whole:
        info, content = contents["." + entry.path]
        assert (info.uname, info.gname, info.uid, info.gid) == (entry.owner, entry.group, 0, 0)
        assert (info.mode, info.mtime) == (entry.mode, DATE)
        match entry:
            case File():
                assert info.isreg()
                assert content == entry.source
            case Directory():
                assert info.isdir()
            case Symlink():
                assert info.issym()
                assert info.linkname == entry.target
    changelog = "./usr/share/doc/kestrel/changelog.gz"
    assert set(contents) == {".", changelog, *("." + entry.path for entry in whole)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Kestrel"}, "the name 'Kestrel'"),
        ({"name": "k"}, "two or more"),
        ({"name": "-k"}, "starting with a letter"),
        ({"maintainer": "kestrel@example.org"}, "Name <address@example.org>"),
        ({"maintainer": "Kes\ntrel <kestrel@example.org>"}, "the maintainer"),
        ({"summary": " "}, "write one line of text"),
        ({"summary": "one\ntwo"}, "write one line of text"),
        ({"description": "bell\x07"}, r"\\x07"),
        ({"homepage": "example.org"}, "write a URL"),
        ({"homepage": "<https://example.org>"}, "write a URL"),
        ({"section": "admins"}, "'admin'"),
        ({"section": "contib/admin"}, "the area 'contib'"),
        ({"relations": Relations(depends=("a b",))}, "'a b' in depends"),
        ({"relations": Relations(depends=("libc6 (> 2)",))}, "with one of <<"),
        ({"relations": Relations(depends=("libc6 (>= v2)",))}, "with one of <<"),
        ({"relations": Relations(depends=("libc6, dkms",))}, "an entry of its own"),
        ({"relations": Relations(depends=("",))}, "'' in depends"),
        ({"relations": Relations(depends=("aa |",))}, "'aa |' in depends"),
        ({"relations": Relations(depends=("aa [amd64]",))}, "in depends"),
        ({"relations": Relations(conflicts=("aa | bb",))}, "alternatives have no place here"),
        ({"relations": Relations(replaces=("aa | bb",))}, "alternatives have no place here"),
        ({"relations": Relations(provides=("aa (>= 1)",))}, "only '='"),
        ({"scripts": {"postinstall": "#!/bin/sh\n"}}, "use preinst, postinst, prerm, postrm"),
        ({"scripts": {"postinst": "set -e\n"}}, "does not start with '#!'"),
        ({"scripts": {"postinst": "#!/bin/sh\r\n"}}, "Windows line endings"),
        ({"payload": Payload.of(())}, "/usr/share/doc/kestrel/copyright is missing"),
    ],
)
def test_what_debian_forbids_is_refused_with_its_cure(
    packer: Packer, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        deb.assemble(replace(KESTREL, **changes), packer)  # type: ignore[arg-type]
    assert caught.value.fix


def test_all_problems_are_listed_at_once(packer: Packer) -> None:
    package = replace(KESTREL, section="nowhere", summary="", homepage="x", payload=Payload.of(()))
    with pytest.raises(FormatError) as caught:
        written(package, packer)
    assert all(word in str(caught.value) for word in ("nowhere", "the summary", "the homepage", "copyright"))
