"""Files of the output: whole under their name, or not there."""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from jesses.base.bytes.rope import Rope
from jesses.base.errors import OutputError

_MODE: Final = 0o644


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a file is: its bytes and their SHA-256."""

    size: int
    sha256: str


def write_file(path: Path, content: Rope, *, sha256: str = "") -> Written:
    """A file at `path` with `content`, digested on its way unless `sha256` is told; what is there is replaced.

    Raises:
        OutputError: the disk is full, or the directory cannot be written.

    """
    size, digest = content.size, hashlib.sha256()
    with _new_file(path) as out:
        _reserve(out, size)
        for block in content.blocks():
            if not sha256:
                digest.update(block)
            out.write(block)
    return Written(size=size, sha256=sha256 or digest.hexdigest())


def _reserve(out: BinaryIO, size: int) -> None:
    """Have the file system find all of the space at once, which is faster; it need not know how."""
    try:
        os.posix_fallocate(out.fileno(), 0, size)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}:
            raise


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write that is at `path` when the block ends without an error."""
    unnamed: Path | None = None
    try:
        descriptor, written = tempfile.mkstemp(prefix=".new-", dir=path.parent)
        unnamed = Path(written)
        with os.fdopen(descriptor, "wb") as out:
            yield out
        unnamed.chmod(_MODE)
        unnamed.rename(path)
        unnamed = None
    except OSError as error:
        raise OutputError(
            f"cannot write in {path.parent}: {error.strerror}",
            fix="free some space, or choose --dist DIR on another disk",
        ) from error
    finally:
        if unnamed:
            unnamed.unlink()
