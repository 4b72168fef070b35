import hashlib
from pathlib import Path

import pytest

from jesses.base import digest


@pytest.mark.parametrize("size", [0, 1, digest._BLOCK, digest._BLOCK + 5])
def test_a_file_is_digested_whole(tmp_path: Path, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    (tmp_path / "f").write_bytes(data)
    assert digest.sha256_of(tmp_path / "f") == hashlib.sha256(data).hexdigest()
