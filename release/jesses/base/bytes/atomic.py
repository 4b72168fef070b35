"""Files of the output: whole under their name, or not there."""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from jesses.base.bytes.rope import Rope
from jesses.base.errors import OutputError

PUBLIC: Final = 0o644
"""The permissions of a file that everybody may read."""

UNFINISHED: Final = ".new-"
"""What the name of a file starts with that is being written, or that a process which died has left."""


@contextmanager
def replacing(path: Path, *, mode: int | None = None, sync: bool = False) -> Iterator[BinaryIO]:
    """A new file, to write and read, that is at `path` when the block ends well; otherwise nothing is changed.

    Readers of `path` see the old bytes or the new ones. `mode` are its permissions (None: its owner alone reads
    and writes it). With `sync` the bytes are on the disk before the name is: they are whole after a power cut too.

    Raises:
        OSError: it cannot be written.

    """
    descriptor, name = tempfile.mkstemp(prefix=UNFINISHED, dir=path.parent)
    try:
        with os.fdopen(descriptor, "w+b") as out:
            yield out
            if mode is not None:
                os.fchmod(out.fileno(), mode)
            if sync:
                out.flush()
                os.fsync(out.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise


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
    try:
        with replacing(path, mode=PUBLIC) as out:
            _reserve(out, size)
            for block in content.blocks():
                if not sha256:
                    digest.update(block)
                out.write(block)
    except OSError as error:
        raise OutputError(
            f"cannot write in {path.parent}: {error.strerror}",
            fix="free some space, or choose --dist DIR on another disk",
        ) from error
    return Written(size=size, sha256=sha256 or digest.hexdigest())


def _reserve(out: BinaryIO, size: int) -> None:
    """Have the file system find all of the space at once, which is faster; it need not know how."""
    try:
        os.posix_fallocate(out.fileno(), 0, size)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}:
            raise
