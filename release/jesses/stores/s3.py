"""A store in a bucket of S3, or of a service that speaks its API (R2, Ceph, MinIO).

Conditions are `If-None-Match: *` and `If-Match` on writes (Amazon S3 User Guide, "Conditional requests").
Every object carries its digest: `x-amz-checksum-sha256`, which the service checks on arrival, and the metadata
`sha256`, which we check on the way back.
"""

import base64
import hashlib
import io
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from botocore.exceptions import BotoCoreError, ClientError

from jesses.base.digest import sha256_of
from jesses.base.errors import StoreError
from jesses.base.progress import Progress, no_progress
from jesses.base.retry import attempts
from jesses.stores import Head, ListedObject, Metadata, StoredObject, keys, s3_multipart
from jesses.stores.headers import immutable, pointer
from jesses.stores.s3_errors import cause, explained, may_have_been_done
from jesses.stores.s3_stream import Counted, S3Stream, digest_in

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

_DIGEST: Final = "sha256"
_TRIES: Final = 8
_LARGE: Final = 64 << 20
_BLOCK: Final = 1 << 20


class S3Store:
    """Objects below `prefix` of `bucket`; a token is an ETag.

    `wait` is called with the number of an attempt that met another writer (409), before the next. Uploads
    report to `progress`. Files of more than `large` bytes go in parts. `clock` is the service's.
    """

    def __init__(
        self,
        *,
        client: "S3Client",
        bucket: str,
        prefix: str = "",
        wait: Callable[[int], object],
        progress: Progress = no_progress,
        large: int = _LARGE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._wait = wait
        self._progress = progress
        self._large = large
        self._clock = clock

    def now(self) -> float:
        """The time of the service, as far as it has said (`jesses.stores.clock`)."""
        return self._clock()

    # Reading

    def get(self, key: str) -> StoredObject | None:
        stream = self._stream(key)
        if stream is None:
            return None
        with io.BufferedReader(stream, _BLOCK) as reader:
            return StoredObject(data=reader.read(), token=stream.token)

    def head(self, key: str) -> Head | None:
        with explained("read", self._url(key)):
            try:
                answer = self._client.head_object(**self._where(key), ChecksumMode="ENABLED")
            except ClientError as error:
                if cause(error) == "missing":
                    return None
                raise
        return Head(
            size=answer["ContentLength"],
            token=answer["ETag"],
            sha256=digest_in(answer),
            metadata=Metadata(
                content_type=answer.get("ContentType", ""), cache_control=answer.get("CacheControl", "")
            ),
        )

    def open(self, key: str, *, start: int = 0, size: int | None = None) -> io.BufferedReader | None:
        stream = self._stream(key, start, size)
        return io.BufferedReader(stream, _BLOCK) if stream else None

    def _stream(self, key: str, start: int = 0, size: int | None = None) -> S3Stream | None:
        where = self._where(key)

        def fetch(first: int, last: int | None, token: str | None) -> Mapping[str, Any]:
            wanted: dict[str, Any] = {"IfMatch": token} if token else {}
            if first or last is not None:
                wanted["Range"] = f"bytes={first}-{'' if last is None else last}"
            return self._client.get_object(**where, **wanted)

        with explained("read", self._url(key)):
            try:
                return S3Stream(fetch, self._url(key), start=start, size=size)
            except ClientError as error:
                if cause(error) == "missing":
                    return None
                raise

    def list(self, prefix: str = "") -> Iterator[ListedObject]:
        pages = self._client.get_paginator("list_objects_v2")
        with explained("list", self._url(prefix)):
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                for found in page.get("Contents", []):
                    yield ListedObject(
                        key=found["Key"].removeprefix(self._prefix),
                        size=found["Size"],
                        modified=found["LastModified"].timestamp(),
                    )

    # Writing

    def put_if_absent(self, key: str, source: Path | bytes, metadata: Metadata | None = None) -> str | None:
        conditions = {"IfNoneMatch": "*"}
        about = metadata or immutable(key)
        if isinstance(source, bytes):
            return self._put_bytes(key, source, about, conditions)
        with explained("write", self._url(key)):
            size, digest = source.stat().st_size, sha256_of(source)
        if size > self._large:
            return self._put_parts(key, source, digest, about)

        def send() -> tuple[str, bool]:
            with source.open("rb") as file:
                body = io.BufferedReader(Counted(file, lambda sent: self._progress(key, sent, size)), _BLOCK)
                return self._put_object(key, body, digest, about, conditions)

        return self._write(key, digest, send, new=True)

    def put_if_unchanged(
        self, key: str, data: bytes, token: str | None, metadata: Metadata | None = None
    ) -> str | None:
        conditions = {"IfNoneMatch": "*"} if token is None else {"IfMatch": token}
        return self._put_bytes(key, data, metadata or pointer(key), conditions)

    def put(self, key: str, data: bytes, metadata: Metadata | None = None) -> str:
        token = self._put_bytes(key, data, metadata or pointer(key), {})
        if token is None:
            raise StoreError(
                f"{self._url(key)} is being written by others all the time", fix="run again later"
            )
        return token

    def delete_if_unchanged(self, key: str, token: str) -> bool:
        # Some services ignore the condition of a deletion; asking first shortens the time in which that matters.
        head = self.head(key)
        if head is None or head.token != token:
            return False
        with explained("delete", self._url(key)):
            try:
                self._client.delete_object(**self._where(key), IfMatch=token)
            except ClientError as error:
                if cause(error) == "refused":
                    return False
                raise
        return True

    def _put_bytes(self, key: str, data: bytes, about: Metadata, conditions: Mapping[str, str]) -> str | None:
        digest = hashlib.sha256(data).hexdigest()
        return self._write(
            key,
            digest,
            lambda: self._put_object(key, data, digest, about, conditions),
            new="IfNoneMatch" in conditions,
        )

    def _put_object(
        self, key: str, body: BinaryIO | bytes, digest: str, about: Metadata, conditions: Mapping[str, Any]
    ) -> tuple[str, bool]:
        checksum = base64.b64encode(bytes.fromhex(digest)).decode()
        # boto3 adds "Expect: 100-continue", so a service can refuse a write before its body is sent.
        answer = self._client.put_object(
            **self._where(keys.writable(key)),
            **self._description(digest, about),
            **conditions,
            Body=body,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=checksum,
        )
        return answer["ETag"], answer.get("ChecksumSHA256") == checksum

    def _put_parts(self, key: str, source: Path, digest: str, about: Metadata) -> str | None:
        # A condition is only looked at when all parts are there.
        if self.head(key):
            return None
        upload = s3_multipart.MultipartUpload(
            client=self._client,
            where=self._where(keys.writable(key)),
            source=source,
            progress=lambda sent, total: self._progress(key, sent, total),
        )
        with explained("write", self._url(key)):
            upload.start(self._description(digest, about))
        try:
            with explained("write", self._url(key)):
                upload.send_all()
            token = self._write(key, digest, upload.complete, new=True)
        except BaseException:
            upload.abort()
            raise
        if token is None:
            upload.abort()
        return token

    def _write(self, key: str, digest: str, send: Callable[[], tuple[str, bool]], *, new: bool) -> str | None:
        """The token of what `send` wrote, or None where its condition does not hold.

        `send` gives the token, and whether the service said that it received what was sent. A `new` object that
        arrived damaged is deleted: a rerun must not take it for what was sent.
        """
        busy = StoreError(f"{self._url(key)} is being written all the time", fix="run again later")
        for attempt in attempts(busy, tries=_TRIES, wait=self._wait):
            with explained("write", self._url(key)):
                try:
                    token, checked = send()
                except (ClientError, BotoCoreError) as error:
                    if cause(error) == "busy":
                        continue
                    return self._outcome(key, digest, error, repeated=attempt > 0)
            if checked:
                return token
            try:
                self._check(key, digest, token)
            except StoreError:
                if new:
                    self.delete_if_unchanged(key, token)
                raise
            return token
        raise AssertionError("attempts end with an error")

    def _outcome(
        self, key: str, digest: str, error: ClientError | BotoCoreError, *, repeated: bool
    ) -> str | None:
        """What became of a write that ended with `error`.

        An answer may be lost, and the same request, sent again, be refused for what it did the first time: so
        where one was sent more than once, what is there decides.
        """
        if repeated or may_have_been_done(error):
            head = self.head(key)
            if head and head.sha256 == digest:
                return head.token
        if cause(error) in {"refused", "missing"}:
            return None
        raise error

    def _check(self, key: str, digest: str, token: str) -> None:
        """Compare with what the service has, unless another writer has replaced it since."""
        with explained("read", self._url(key)):
            answer = self._client.head_object(**self._where(key), ChecksumMode="ENABLED")
        found = digest_in({**answer, "Metadata": {}})
        if found is None and (stream := self._stream(key)):
            with io.BufferedReader(stream, _BLOCK) as reader:
                found = hashlib.file_digest(reader, "sha256").hexdigest()
        if found != digest and answer["ETag"] == token:
            raise StoreError(f"{self._url(key)} was damaged on its way (sha256 {found})", fix="run again")

    def _description(self, digest: str, about: Metadata) -> dict[str, Any]:
        return {
            "Metadata": {_DIGEST: digest},
            "ContentType": about.content_type,
            "CacheControl": about.cache_control,
        }

    def _where(self, key: str) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": self._prefix + keys.readable(key)}

    def _url(self, key: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{key}"
