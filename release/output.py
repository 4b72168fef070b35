"""Files of the output: whole under their name, or not there."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from release.errors import OutputError

_MODE: Final = 0o644
_BUFFER: Final = 64 << 10
"""Bytes: packages are written in thousands of small segments between the large ones."""


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write that is at `path` when the block ends without an error; what is there is replaced.

    Raises:
        OutputError: the disk is full, or the directory cannot be written.

    """
    with named_afterwards(path.parent, lambda: path) as out:
        yield out


@contextmanager
def named_afterwards(directory: Path, name: Callable[[], Path | None]) -> Iterator[BinaryIO]:
    """As `new_file`, where the path, in `directory`, is known only after everything is written.

    None is said where the file is not wanted after all.
    """
    unnamed: Path | None = None
    try:
        descriptor, written = tempfile.mkstemp(prefix=".new-", dir=directory)
        unnamed = Path(written)
        with os.fdopen(descriptor, "wb", buffering=_BUFFER) as out:
            yield out
        if (path := name()) is None:
            return
        unnamed.chmod(_MODE)
        unnamed.rename(path)
        unnamed = None
    except OSError as error:
        raise OutputError(
            f"cannot write in {directory}: {error.strerror}",
            fix="free some space, or choose --dist DIR on another disk",
        ) from error
    finally:
        if unnamed:
            unnamed.unlink()
