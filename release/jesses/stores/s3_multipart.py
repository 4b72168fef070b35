"""A large file on its way into a bucket, in parts: a few in memory at a time, each with its own checksum.

Amazon S3 User Guide, "Uploading and copying objects using multipart upload".
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from jesses.base.errors import StoreError

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

_PART: Final = 16 << 20
_MOST_PARTS: Final = 10_000
_THREADS: Final = 4


class MultipartUpload:
    """One upload: `start`, `send_all`, then `complete` or `abort`. Errors are those of boto3."""

    def __init__(
        self,
        *,
        client: "S3Client",
        where: Mapping[str, Any],
        source: Path,
        progress: Callable[[int, int], object],
    ) -> None:
        self._client = client
        self._where = where
        self._source = source
        self._progress = progress
        self._total = source.stat().st_size
        self._part = max(_PART, -(-self._total // _MOST_PARTS))
        self._sent = 0
        self._lock = Lock()
        self._upload = ""
        self._parts: list[CompletedPartTypeDef] = []

    def start(self, description: Mapping[str, Any]) -> None:
        """Begin; `description` is what the object will carry."""
        answer = self._client.create_multipart_upload(
            **self._where, **description, ChecksumAlgorithm="SHA256"
        )
        self._upload = answer["UploadId"]

    def send_all(self) -> None:
        """Send every part."""
        count = -(-self._total // self._part)
        with ThreadPoolExecutor(_THREADS) as pool:
            try:
                self._parts = list(pool.map(self._send, range(count)))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def complete(self) -> tuple[str, bool]:
        """Make the object of its parts, if there is none: its token, and whether the service checked the parts.

        Raises:
            StoreError: the service has received something else.

        """
        answer = self._client.complete_multipart_upload(
            **self._where,
            UploadId=self._upload,
            MultipartUpload={"Parts": self._parts},
            IfNoneMatch="*",
        )
        checksum = answer.get("ChecksumSHA256")
        if checksum not in {None, self._checksum(), self._checksum().partition("-")[0]}:
            raise StoreError(f"{self._source} arrived damaged", fix="run again")
        return answer["ETag"], checksum is not None

    def abort(self) -> None:
        """Have the parts deleted; where even that fails, the bucket's lifecycle rules have to."""
        with suppress(ClientError, BotoCoreError):
            self._client.abort_multipart_upload(**self._where, UploadId=self._upload)

    def _send(self, index: int) -> "CompletedPartTypeDef":
        with self._source.open("rb") as file:
            file.seek(index * self._part)
            data = file.read(self._part)
        checksum = _base64(hashlib.sha256(data).digest())
        answer = self._client.upload_part(
            **self._where,
            UploadId=self._upload,
            PartNumber=index + 1,
            Body=data,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=checksum,
        )
        with self._lock:
            self._sent += len(data)
            self._progress(self._sent, self._total)
        return {"PartNumber": index + 1, "ETag": answer["ETag"], "ChecksumSHA256": checksum}

    def _checksum(self) -> str:
        """What S3 calls the composite checksum: that of the parts' checksums, and their number."""
        digests = b"".join(base64.b64decode(part["ChecksumSHA256"]) for part in self._parts)
        return f"{_base64(hashlib.sha256(digests).digest())}-{len(self._parts)}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
