import bz2
import gzip
import lzma
import tracemalloc
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


@pytest.mark.parametrize("form", FORMS)
def test_a_little_that_becomes_very_much_is_refused_before_it_does(form: str) -> None:
    packed = FORMS[form](bytes(32 << 20))
    tracemalloc.start()
    with pytest.raises(RepositoryError, match="Packages has more than 1 MiB when it is unpacked"):
        decompress(packed, "Packages", most=1 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
    assert decompress(packed, "Packages", most=32 << 20) == bytes(32 << 20)
