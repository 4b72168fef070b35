"""Contents to compress."""

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
