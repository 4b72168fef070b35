import bz2
import gzip
import lzma
from collections.abc import Callable

import pytest
import zstandard

from jesses.base.errors import RepositoryError
from jesses.publish.shared.decompress import decompress

TEXT = b"Package: hawk\n" * 100
FORMS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "bzip2": bz2.compress,
    "zstd": zstandard.compress,
    "two frames": lambda data: zstandard.compress(data[:10]) + zstandard.compress(data[10:]),
    "plain": bytes,
}


@pytest.mark.parametrize("form", FORMS)
def test_the_first_bytes_tell_how_it_is_compressed(form: str) -> None:
    assert decompress(FORMS[form](TEXT), "Packages") == TEXT


@pytest.mark.parametrize("form", ["gzip", "xz", "bzip2"])
def test_what_is_cut_off_is_damaged(form: str) -> None:
    with pytest.raises(RepositoryError, match="Packages cannot be unpacked"):
        decompress(FORMS[form](TEXT)[:-6], "Packages")
