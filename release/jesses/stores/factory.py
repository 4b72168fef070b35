"""The store that a configuration names."""

from pathlib import Path
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from jesses.base.errors import StoreError
from jesses.base.progress import Progress
from jesses.base.retry import pause
from jesses.stores import Store
from jesses.stores.clock import ServerClock
from jesses.stores.directory import DirectoryStore
from jesses.stores.s3 import S3Store

SCHEME = "s3://"
_ATTEMPTS = 5
_PATIENCE = 30
_REGION = "us-east-1"


def is_s3(location: str) -> bool:
    """Whether `location` names a bucket rather than a directory."""
    return location.startswith(SCHEME)


def open_store(
    location: str,
    *,
    directory: Path,
    progress: Progress,
    endpoint: str | None = None,
    region: str | None = None,
    session: boto3.session.Session | None = None,
) -> Store:
    """The store at `location`: `s3://bucket/prefix`, or a path relative to `directory`.

    `endpoint` is the URL of a service that is not Amazon's. Credentials are those of `session`, or come from
    where boto3 looks for them (Boto3 documentation, "Credentials"). Nothing is asked of it yet.

    Raises:
        StoreError: this is no way to name a store.

    """
    if not is_s3(location):
        return DirectoryStore(directory / location)
    parts = urlsplit(location)
    opened = session or boto3.session.Session()
    try:
        client = opened.client(
            "s3",
            endpoint_url=endpoint,
            region_name=region or opened.region_name or _REGION,
            config=_config(endpoint),
        )
    except (BotoCoreError, ValueError) as error:
        raise StoreError(
            f"cannot use {location}: {error}", fix="correct the channel in release.toml, or the AWS profile"
        ) from error
    clock = ServerClock()
    client.meta.events.register("after-call.s3", clock.note)
    return S3Store(
        client=client,
        clock=clock,
        bucket=parts.netloc,
        prefix=parts.path,
        wait=pause,
        progress=progress,
    )


def _config(endpoint: str | None) -> Config:
    return Config(
        # Other services have no host name for each bucket.
        s3={"addressing_style": "path" if endpoint else "auto"},
        # We send and check the digests ourselves; other services know no trailers.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"mode": "standard", "max_attempts": _ATTEMPTS},
        connect_timeout=_PATIENCE,
        read_timeout=_PATIENCE,
    )
