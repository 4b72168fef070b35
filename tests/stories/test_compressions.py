import gzip
import io
import lzma
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from zstandard import ZstdDecompressor

from jesses.base.artifact import COMPRESSED, Compression, suffix
from jesses.base.package import Package
from jesses.base.payload import File
from jesses.package.compression import SEGMENT, Packer
from jesses.package.formats import deb, rpm, rpm_file, tarball
from jesses.package.formats.rpm_tags import Tag
from tests.support.contents import a_file
from tests.support.deb_example import KESTREL, parts, payload

PLAIN: Mapping[Compression, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "xz": lzma.decompress,
    "zstd": lambda data: ZstdDecompressor().decompressobj().decompress(data),
}


@pytest.fixture(params=tuple(COMPRESSED))
def compression(request: pytest.FixtureRequest) -> Compression:
    found: Compression = request.param
    return found


@pytest.fixture
def package(tmp_path: Path) -> Package:
    large = a_file(tmp_path / "large", 2 * SEGMENT + 9)
    return replace(
        KESTREL, payload=payload(File(path="/opt/large", source=large)), relations=type(KESTREL.relations)()
    )


def tar_of_deb(package: Package, tmp_path: Path) -> bytes:
    with Packer(tmp_path / package.compression) as packer:
        data = bytes(deb.assemble(package, packer).file)
    return parts(data)["data.tar" + COMPRESSED[package.compression]]


def test_a_deb_holds_the_same_archive_in_each(
    compression: Compression, package: Package, tmp_path: Path
) -> None:
    packed = tar_of_deb(replace(package, compression=compression), tmp_path)
    assert PLAIN[compression](packed) == gzip.decompress(tar_of_deb(package, tmp_path / "gzip"))


def test_a_tarball_holds_the_same_archive_in_each(
    compression: Compression, package: Package, tmp_path: Path
) -> None:
    plain: list[bytes] = []
    compressions: tuple[Compression, ...] = ("gzip", compression)
    for chosen in compressions:
        with Packer(tmp_path / f"{chosen}{len(plain)}") as packer:
            data = bytes(tarball.assemble(replace(package, compression=chosen), packer).file)
        plain.append(PLAIN[chosen](data))
    assert plain[0] == plain[1]


def test_an_rpm_names_its_compression_and_who_can_read_it(
    compression: Compression, package: Package, tmp_path: Path
) -> None:
    with Packer(tmp_path / "spool") as packer:
        out = io.BytesIO(
            bytes(rpm.assemble(replace(package, compression=compression, scripts={}), packer).file)
        )
    header = rpm_file.read(out).header
    entry = header.find(Tag.PAYLOADCOMPRESSOR)
    assert entry is not None
    assert compression.encode() in out.getvalue()
    assert PLAIN[compression](out.read()).startswith(b"070701")
    needed = {"gzip": b"", "xz": b"rpmlib(PayloadIsXz)", "zstd": b"rpmlib(PayloadIsZstd)"}[compression]
    assert needed in out.getvalue()


def test_file_names_tell_a_tarballs_compression_alone() -> None:
    assert [suffix("tarball", chosen) for chosen in ("gzip", "zstd", "xz")] == [
        ".tar.gz",
        ".tar.zst",
        ".tar.xz",
    ]
    assert (suffix("deb", "zstd"), suffix("rpm", "xz")) == (".deb", ".rpm")
