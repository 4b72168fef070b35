import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from jesses.base.errors import FormatError
from jesses.package.compression import Packer
from jesses.package.formats import ar, deb, deb_reader
from tests.support.deb_example import KESTREL, archive

PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    ".bz2": bz2.compress,
    ".zst": zstandard.compress,
}


def data_tar(*names: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name in names:
            entry = tarfile.TarInfo(name.rstrip("/@"))
            entry.type = {"/": tarfile.DIRTYPE, "@": tarfile.SYMTYPE}.get(name[-1], tarfile.REGTYPE)
            archive.addfile(entry)
    return out.getvalue()


def package(name: str, data: bytes) -> io.BytesIO:
    # What follows the data is a signature, such as debsig-verify's.
    return io.BytesIO(archive({"debian-binary": b"2.0\n", name: data, "_gpgorigin": b"x"}))


@pytest.mark.parametrize("suffix", PACK)
def test_files_and_links_of_any_package_are_listed(suffix: str) -> None:
    plain = data_tar("./", "./usr/", "./usr/bin/", "./usr/bin/kestrel", "/opt/a b\udcff", "etc/link@")
    made = package(f"data.tar{suffix}", PACK[suffix](plain))
    assert deb_reader.paths(made) == ["usr/bin/kestrel", "opt/a b\udcff", "etc/link"]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (io.BytesIO(b"no package"), "this is no DEB file"),
        (package("other", b""), "it has no data.tar"),
        (package("data.tar.rar", b""), r"packed as \.rar"),
        (package("data.tar.gz", b"damaged"), "Not a gzipped file"),
        (package("data.tar.gz", gzip.compress(data_tar("a"))[:-12]), "ended before"),
        (package("data.tar", b"x" * 512), r"its data\.tar is damaged"),
    ],
)
def test_what_cannot_be_listed_is_an_error(made: io.BytesIO, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        deb_reader.paths(made)


def plain_tar(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def test_a_package_of_ours_is_read_from_a_file_and_from_a_stream(tmp_path: Path) -> None:
    with Packer(tmp_path / "spool", threads=1) as packer:
        data = bytes(deb.assemble(KESTREL, packer).file)
    path = tmp_path / "kestrel.deb"
    path.write_bytes(data)
    control = deb_reader.control(path)
    assert control.startswith(f"Package: {KESTREL.name}\n")
    assert deb_reader.control(io.BytesIO(data)) == control
    assert "usr/bin/kestrel" in deb_reader.paths(path)
    assert deb_reader.paths(io.BytesIO(data)) == deb_reader.paths(path)


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("name", ["control", "./control"])
def test_control_is_read_however_it_is_packed(suffix: str, name: str) -> None:
    control = PACK[suffix](plain_tar(name, b"Package: x\n\n"))
    data = archive({"debian-binary": b"2.0\n", f"control.tar{suffix}": control})
    assert deb_reader.control(io.BytesIO(data)) == "Package: x\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "does not start as an ar archive"),
        (b"PK\x03\x04 no ar", "does not start as an ar archive"),
        (ar.MAGIC + b"debian-binary", "member header at byte 8 is damaged"),
        (ar.MAGIC + b"x" * 60, "member header at byte 8 is damaged"),
        (archive({"debian-binary": b"2.0\n"}), "it has no control.tar"),
        (archive({"control.tar.rar": b""}), "packed as .rar"),
        (archive({"control.tar.zst": b"no zstd"}), "is damaged"),
        (archive({"control.tar.gz": b"no gzip"}), "is damaged"),
        (archive({"control.tar.xz": b"no xz"}), "is damaged"),
        (archive({"control.tar.gz": gzip.compress(plain_tar("control", b"x"))[:-9]}), "is damaged"),
        (archive({"control.tar": plain_tar("other", b"x")}), "it has no file control"),
        (archive({"control.tar": plain_tar("control", b"\xff")}), "is damaged"),
    ],
)
def test_what_is_no_deb_is_refused_with_its_cure(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        deb_reader.control(io.BytesIO(data))
    assert caught.value.fix


def test_a_link_in_the_control_part_leads_nowhere() -> None:
    info = tarfile.TarInfo("control")
    info.type, info.linkname = tarfile.SYMTYPE, "control"
    data = archive({"control.tar": info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)})
    with pytest.raises(FormatError, match="no file control"):
        deb_reader.control(io.BytesIO(data))
