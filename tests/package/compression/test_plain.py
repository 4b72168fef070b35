import hashlib
from pathlib import Path

from jesses.package.compression import Packed, Packer
from jesses.package.compression.plain import PlainDigest, Recipe


def packed(directory: Path, data: bytes) -> Packed:
    with Packer(directory) as packer:
        return packer.pack(data)


def key(frame: bytes, *parts: bytes | Packed) -> str:
    recipe = Recipe(frame)
    for part in parts:
        if isinstance(part, bytes):
            recipe.raw(part)
        else:
            recipe.content(part)
    return recipe.key


def test_whatever_is_made_of_other_parts_has_another_key(tmp_path: Path) -> None:
    a, b = (hashlib.sha256(data).digest() for data in (b"a", b"b"))
    content = packed(tmp_path, b"a")
    keys = [
        *(key(b"frame"), key(b"other"), key(b"frame", a), key(b"frame", b), key(b"frame", a, a)),
        *(key(b"frame", content), key(b"frame", a, content), key(b"frame", content, a)),
        key(b"frame", packed(tmp_path, b"b")),
    ]
    assert len(set(keys)) == len(keys)
    assert key(b"frame", a, content) == key(b"frame", a, content)


def test_an_archive_is_digested_as_it_would_be_written(tmp_path: Path) -> None:
    digest = PlainDigest()
    digest.write(b"head")
    digest.add(packed(tmp_path, b"content"))
    assert (digest.size, digest.sha256) == (11, hashlib.sha256(b"headcontent").hexdigest())
