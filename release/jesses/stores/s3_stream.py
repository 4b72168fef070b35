"""Bodies of S3 objects: read with bounded memory, resumed where the connection broke, checked at their end."""

import base64
import hashlib
import io
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from jesses.base.errors import StoreError
from jesses.stores.s3_errors import cause, explained

_TRIES: Final = 5


class FetchRange(Protocol):
    """Asks for the bytes from `first` to `last` (None: the end) of the object that has `token` (None: any)."""

    def __call__(self, first: int, last: int | None, token: str | None) -> Mapping[str, Any]: ...


class S3Stream(io.RawIOBase):
    """The body of an object; one that is read from its start to its end must have its digest."""

    def __init__(self, fetch: FetchRange, url: str, *, start: int = 0, size: int | None = None) -> None:
        """Ask for the bytes from `start`, at most `size` of them; beyond the end there are none.

        Raises:
            ClientError: the object is missing, or may not be read.

        """
        self._fetch = fetch
        self._url = url
        self._position = start
        self._last = None if size is None else start + size - 1
        try:
            answer = fetch(start, self._last, None)
        except ClientError as error:
            if cause(error) != "beyond":
                raise
            answer = {"ETag": "", "Body": io.BytesIO()}
        self.token: str = answer["ETag"]
        self._body = answer["Body"]
        whole = start == 0 and size is None
        self._wanted = digest_in(answer) if whole else None
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        if self._wanted:
            self._digest.update(data)
            if not data and self._digest.hexdigest() != self._wanted:
                raise StoreError(
                    f"{self._url} is damaged: its sha256 is {self._digest.hexdigest()}, not {self._wanted}",
                    fix="restore the object, or run again if the connection did it",
                )
        return len(data)

    def close(self) -> None:
        self._body.close()
        super().close()

    def _read(self, size: int) -> bytes:
        with explained("read", self._url):
            for attempt in range(_TRIES):
                try:
                    if attempt:
                        self._resume()
                    return bytes(self._body.read(size))
                except (BotoCoreError, OSError):
                    if attempt == _TRIES - 1:
                        raise
                except ClientError as error:
                    if cause(error) != "refused":
                        raise
                    raise StoreError(f"{self._url} changed while it was read", fix="run again") from error
        return b""

    def _resume(self) -> None:
        self._body.close()
        self._body = self._fetch(self._position, self._last, self.token)["Body"]


def digest_in(answer: Mapping[str, Any]) -> str | None:
    """The digest of a whole object in the answer to HEAD or GET: the service's own first, then ours."""
    checksum = answer.get("ChecksumSHA256")
    if checksum and answer.get("ChecksumType") == "FULL_OBJECT":
        return base64.b64decode(checksum).hex()
    found: str | None = answer.get("Metadata", {}).get("sha256")
    return found


class Counted(io.RawIOBase):
    """A file on its way out; `report` is told how many of its bytes have gone."""

    def __init__(self, file: BinaryIO, report: Callable[[int], object]) -> None:
        self._file = file
        self._report = report

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._report(self._file.tell())
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()
