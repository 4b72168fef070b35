import hashlib
from pathlib import Path

import pytest

from jesses.base import digest


@pytest.mark.parametrize("size", [0, 1, digest._BLOCK, digest._BLOCK + 5])
def test_a_file_is_digested_whole(tmp_path: Path, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    (tmp_path / "f").write_bytes(data)
    assert digest.sha256_of(tmp_path / "f") == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "text", ["", "sha256:", f"sha256:{'a' * 63}", f"sha256:{'A' * 64}", f"sha256:{'a' * 64}\n"]
)
def test_what_is_no_digest(text: str) -> None:
    assert not digest.is_digest(text)
