"""Contents to compress."""

import os
import random
from pathlib import Path

from jesses.base.payload import ContentSource, File


def some_bytes(size: int, seed: int = 1) -> bytes:
    """Half of it noise, half of it text, so that segments of both kinds come up."""
    rng = random.Random(seed)  # noqa: S311 -- any bytes will do
    noise = rng.randbytes(size // 2)
    return (noise + b"jesses " * (size // 7 + 1))[:size]


def a_file(path: Path, size: int, seed: int = 1) -> Path:
    path.write_bytes(some_bytes(size, seed))
    return path


def as_files(*sources: ContentSource) -> list[File]:
    """Entries of a payload."""
    return [File(path=f"/{number}", source=source) for number, source in enumerate(sources)]


def grow(path: Path) -> None:
    with path.open("ab") as out:
        out.write(b"more")


def shrink(path: Path) -> None:
    os.truncate(path, 9)


def rewrite(path: Path) -> None:
    with path.open("r+b") as out:
        out.write(b"less")
    os.utime(path, ns=(1, 1))


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.rename(path)
