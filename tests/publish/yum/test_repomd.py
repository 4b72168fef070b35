import bz2
import gzip
import hashlib
import lzma
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from jesses.base.errors import ConflictError, RepositoryError
from jesses.publish.yum import repomd as yum_index
from jesses.publish.yum.lists import EMPTY, Lists, seen_from_root, seen_from_snapshot
from jesses.publish.yum.metadata import KINDS, IndexedPackage, Nevra

NOW = 1_700_000_000
REPO = "{http://linux.duke.edu/metadata/repo}"


def package(name: str = "kestrel", sha256: str = "a1", arch: str = "x86_64") -> IndexedPackage:
    primary = (
        f'<package type="rpm">\n  <name>{name}</name>\n  <arch>{arch}</arch>\n'
        f'  <version epoch="0" ver="1.0" rel="1"/>\n  <checksum type="sha256" pkgid="YES">{sha256}</checksum>\n'
        "  <format>\n    <rpm:license>MIT</rpm:license>\n  </format>\n</package>\n"
    )
    listing = f'<package pkgid="{sha256}" name="{name}" arch="{arch}">\n</package>\n'
    return IndexedPackage(
        nevra=Nevra(name=name, epoch="0", version="1.0", release="1", arch=arch),
        sha256=sha256,
        elements={"primary": primary.encode(), "filelists": listing.encode(), "other": listing.encode()},
    )


def plain(data: bytes) -> bytes:
    return data


def repository(
    lists: Lists,
    pack: Callable[[bytes], bytes] = gzip.compress,
    algorithm: str = "sha256",
) -> tuple[bytes, dict[str, bytes]]:
    """A `repomd.xml` as another tool may have written it, and the objects it names."""
    objects = {f"repodata/{kind}.xml": pack(text) for kind, text in lists.documents.items()}
    name = {"sha": "sha1"}.get(algorithm, algorithm)
    records = "".join(
        f'<data type="{kind}"><location href="repodata/{kind}.xml"/><checksum type="{algorithm}">'
        + hashlib.new(name, objects[f"repodata/{kind}.xml"]).hexdigest()
        + "</checksum></data>"
        for kind in KINDS
    )
    repomd = f'<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>8.5</revision>{records}</repomd>'
    return repomd.encode(), objects


def reread(lists: Lists) -> Lists:
    lists = lists.with_documents(lists.documents)
    repomd = yum_index.next_repomd(None, lists, now=NOW)
    objects = {yum_index.file_name(kind, data): data for kind, data in lists.packed.items()}
    return yum_index.read_lists(repomd, objects.__getitem__)


NAMES = st.text("abc.+-_&<", min_size=1, max_size=5)


@given(st.lists(NAMES, unique=True, max_size=5))
def test_what_was_added_is_read_back(names: list[str]) -> None:
    escaped = [name.replace("&", "&amp;").replace("<", "&lt;") for name in names]
    packages = [package(name, sha256=str(number)) for number, name in enumerate(escaped)]
    lists = EMPTY
    for added in packages:
        lists = lists.add([added])
    assert lists == EMPTY.add(packages)
    assert reread(lists) == lists
    for kind, text in lists.documents.items():
        root = ET.fromstring(text)  # noqa: S314 - made by the code under test
        assert root.attrib["packages"] == str(len(names)) == str(len(root)), kind


@given(st.lists(NAMES, unique=True, max_size=5), st.sets(st.integers(0, 5)))
def test_what_is_taken_out_is_gone_and_the_rest_stays_byte_for_byte(names: list[str], gone: set[int]) -> None:
    escaped = [name.replace("&", "&amp;").replace("<", "&lt;") for name in names]
    packages = [package(name, sha256=f"d{number}") for number, name in enumerate(escaped)]
    kept = [found for number, found in enumerate(packages) if number not in gone]
    lists = EMPTY.add(packages).remove([f"d{number}" for number in gone])
    assert lists == EMPTY.add(kept)
    assert reread(lists) == lists


def test_the_same_list_seen_from_a_snapshot_and_from_the_root() -> None:
    elsewhere = b'<location xml:base="https://example.org/" href="b.rpm"/><location href="https://x/c.rpm"/>'
    primary = b"<location href=\"packages/a.rpm\"/><location href='a.rpm'/>" + elsewhere
    seen = seen_from_snapshot(primary)
    assert seen == b"<location href=\"../../packages/a.rpm\"/><location href='../../a.rpm'/>" + elsewhere
    assert seen_from_root(seen) == primary


def test_a_package_that_is_listed_is_not_missing() -> None:
    lists = EMPTY.add([package(), package("kestrel-dkms", "b2", "noarch")])
    other = package(arch="aarch64", sha256="c3")
    assert lists.missing([package(), other]) == (other,)


def test_a_name_with_marks_of_xml_is_found() -> None:
    listed = package("a&amp;b")
    asked = IndexedPackage(
        nevra=Nevra(name="a&b", epoch="0", version="1.0", release="1", arch="x86_64"),
        sha256="a1",
        elements=listed.elements,
    )
    assert EMPTY.add([listed]).missing([asked]) == ()


def test_another_file_under_the_same_name_is_a_conflict() -> None:
    with pytest.raises(ConflictError, match=r"another file as kestrel-1\.0-1\.x86_64"):
        EMPTY.add([package()]).missing([package(sha256="b2")])


def test_a_digest_of_another_kind_is_no_conflict() -> None:
    assert EMPTY.add([package(sha256="b2b2")]).missing([package()]) == ()


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress, zstandard.compress, plain])
@pytest.mark.parametrize("algorithm", ["sha", "sha1", "sha256", "sha512"])
def test_the_lists_of_other_tools_are_read(pack: Callable[[bytes], bytes], algorithm: str) -> None:
    lists = EMPTY.add([package()])
    repomd, objects = repository(lists, pack, algorithm)
    assert yum_index.read_lists(repomd, objects.__getitem__) == lists


def test_other_data_of_a_repository_stays_and_what_would_be_stale_goes() -> None:
    group = b'  <data type="group">\n    <location href="repodata/comps.xml"/>\n  </data>\n'
    stale = b'<data type="primary_db"><x/></data><data type="filelists-ext"><x/></data>'
    tags = b"<tags><repo>binary</repo></tags>"
    repomd, _ = repository(EMPTY)
    repomd = repomd.replace(b"</revision>", b"</revision>" + tags + b"\n" + group + stale)
    result = yum_index.next_repomd(repomd, EMPTY.with_documents(EMPTY.documents), now=NOW)
    assert group.rstrip() in result
    assert tags in result
    root = ET.fromstring(result)  # noqa: S314 - made by the code under test
    assert [data.attrib["type"] for data in root.iter(f"{REPO}data")] == ["group", *KINDS]
    assert root.findtext(f"{REPO}revision") == str(NOW)


@pytest.mark.parametrize(
    ("previous", "now", "expected"),
    [("1", 100, "100"), ("100", 100, "101"), ("500", 100, "501"), ("x", 9, "9")],
)
def test_the_revision_grows(previous: str, now: int, expected: str) -> None:
    repomd, _ = repository(EMPTY)
    text = yum_index.next_repomd(
        repomd.replace(b"8.5", previous.encode()), EMPTY.with_documents(EMPTY.documents), now=now
    )
    assert f"<revision>{expected}</revision>".encode() in text


def test_the_same_lists_give_the_same_bytes() -> None:
    lists = EMPTY.add([package()])
    assert lists.packed == reread(lists).packed


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"</repomd>", b"", "repomd.xml cannot be read"),
        (b"<repomd", b'<?xml version="1.0" encoding="nonsense"?><repomd', "unknown encoding"),
        (b"<repomd", b'<?xml version="1.0" encoding="utf-7"?><repomd', "multi-byte encodings"),
        (b'"primary"', b'"group"', "names no primary"),
        (b"location", b"elsewhere", "without a place"),
        (b'"sha256"', b'"md5"', "without a place or a known kind of digest"),
        (b"</checksum>", b"0</checksum>", "has not the digest"),
    ],
)
def test_a_damaged_pointer_is_told_by_what_is_wrong(old: bytes, new: bytes, message: str) -> None:
    repomd, objects = repository(EMPTY)
    with pytest.raises(RepositoryError, match=message):
        yum_index.read_lists(repomd.replace(old, new), objects.__getitem__)


def cut_short(data: bytes) -> bytes:
    return gzip.compress(data)[:-9]


def no_zstd(data: bytes) -> bytes:
    return b"\x28\xb5\x2f\xfd" + data


def without_count(data: bytes) -> bytes:
    return data.replace(b"packages=", b"number=")


@pytest.mark.parametrize(
    ("pack", "message"),
    [
        (cut_short, "cannot be unpacked"),
        (no_zstd, "cannot be unpacked"),
        (without_count, "how many packages"),
    ],
)
def test_a_list_that_cannot_be_read_is_told_by_what_is_wrong(
    pack: Callable[[bytes], bytes], message: str
) -> None:
    repomd, objects = repository(EMPTY, pack)
    with pytest.raises(RepositoryError, match=message):
        yum_index.read_lists(repomd, objects.__getitem__)


def test_lists_that_disagree_are_refused() -> None:
    one = EMPTY.add([package()])
    mixed = Lists(documents={**one.documents, "other": EMPTY.documents["other"]})
    repomd, objects = repository(mixed)
    with pytest.raises(RepositoryError, match="different numbers of packages"):
        yum_index.read_lists(repomd, objects.__getitem__)
