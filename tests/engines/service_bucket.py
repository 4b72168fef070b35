"""A bucket of a real service: its requests can fail on the wire, and anybody may read it."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from jesses.stores.s3 import S3Store
from tests.engines.fault_proxy import Fault, Proxy, Request
from tests.engines.fault_sweep import Faults
from tests.engines.s3_services import client

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import ObjectIdentifierTypeDef

_HASTE: Final = 0.5
"""Seconds after which a client gives up that is to meet a timeout; nothing on loopback takes as long."""


class ServiceBucket:
    """The bucket `name` of the service behind `proxy`, as a `FaultyBucket`."""

    def __init__(self, proxy: Proxy, name: str) -> None:
        self._proxy = proxy
        self._proxy.hold = 2 * _HASTE
        self._name = name
        self._service = client(proxy.target_url)
        self._contents: dict[str, bytes] = {}

    @property
    def objects(self) -> dict[str, bytes]:
        """All that is in it. What has the same tag is read once."""
        return {key: self._content(key, tag) for key, tag in self._tags().items()}

    @property
    def requests(self) -> Sequence[str]:
        prefix = f"/{self._name}/"
        return [
            f"{found.method} {unquote(found.path).removeprefix(prefix)}" for found in self._proxy.requests
        ]

    def restart(self, objects: Mapping[str, bytes], faults: Faults) -> None:
        """Only what differs is written: most of a bucket stays as it was."""
        there = self.objects
        gone: list[ObjectIdentifierTypeDef] = [{"Key": key} for key in sorted(there.keys() - objects.keys())]
        if gone:
            self._service.delete_objects(Bucket=self._name, Delete={"Objects": gone})
        for key, data in objects.items():
            if there.get(key) != data:
                metadata = {"sha256": hashlib.sha256(data).hexdigest()}
                self._service.put_object(Bucket=self._name, Key=key, Body=data, Metadata=metadata)
        self._proxy.reset()

        def fault(request: Request) -> Fault | None:
            return faults(request.number)

        self._proxy.fault = fault

    def store(self, fault: str) -> S3Store:
        return S3Store(
            client=self._hasty if fault == "timeout" else self._patient, bucket=self._name, wait=int
        )

    @cached_property
    def _patient(self) -> "S3Client":
        return client(self._proxy.url, attempts=0)

    @cached_property
    def _hasty(self) -> "S3Client":
        return client(self._proxy.url, attempts=0, patience=_HASTE)

    def _tags(self) -> dict[str, str]:
        pages = self._service.get_paginator("list_objects_v2").paginate(Bucket=self._name)
        return {found["Key"]: found["ETag"] for page in pages for found in page.get("Contents", ())}

    def _content(self, key: str, tag: str) -> bytes:
        if tag not in self._contents:
            self._contents[tag] = self._service.get_object(Bucket=self._name, Key=key)["Body"].read()
        return self._contents[tag]
