import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable

import pytest
import zstandard

from release.errors import FormatError
from release.formats import deb_contents
from tests.formats.deb_example import archive

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
    assert deb_contents.paths(made) == ["usr/bin/kestrel", "opt/a b\udcff", "etc/link"]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (io.BytesIO(b"no package"), "no DEB file"),
        (package("other", b""), "it has no data.tar"),
        (package("data.tar.rar", b""), r"packed as \.rar"),
        (package("data.tar.gz", b"damaged"), "Not a gzipped file"),
        (package("data.tar.gz", gzip.compress(data_tar("a"))[:-12]), "ended before"),
        (package("data.tar", b"x" * 512), "cannot be listed"),
    ],
)
def test_what_cannot_be_listed_is_an_error(made: io.BytesIO, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        deb_contents.paths(made)
