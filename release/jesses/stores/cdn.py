"""Caches in front of a store: they are told which pointers have moved, all at once."""

import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from jesses.base.errors import StoreError

if TYPE_CHECKING:
    from types_boto3_cloudfront.client import CloudFrontClient

Invalidate = Callable[[Sequence[str]], None]
"""Makes caches forget the objects with these keys."""


def no_cache(keys: Sequence[str]) -> None:
    """Nothing stands between the store and its users."""


def cloudfront(client: "CloudFrontClient", distribution: str, url: str) -> Invalidate:
    """The CloudFront distribution under which users reach the store at `url`.

    CloudFront API Reference, "CreateInvalidation": one batch takes 3000 paths, and a release has a few dozen.
    """
    root = urlsplit(url).path.rstrip("/")

    def invalidate(keys: Sequence[str]) -> None:
        paths = [quote(f"{root}/{key}") for key in keys]
        batch = {
            "Paths": {"Quantity": len(paths), "Items": paths},
            # The same request sent again after a lost answer is the same invalidation.
            "CallerReference": str(uuid.uuid4()),
        }
        try:
            client.create_invalidation(DistributionId=distribution, InvalidationBatch=batch)  # type: ignore[arg-type]
        except (ClientError, BotoCoreError) as error:
            raise StoreError(
                f"the release is published, but CloudFront's {distribution} was not told: {error}",
                fix="grant cloudfront:CreateInvalidation, then run again; caches are right within a minute anyway",
            ) from error

    return invalidate
