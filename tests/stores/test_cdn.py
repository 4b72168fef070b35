from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError

from jesses.base.errors import StoreError
from jesses.stores.cdn import cloudfront, no_cache

if TYPE_CHECKING:
    from types_boto3_cloudfront.client import CloudFrontClient


class FakeCloudFront:
    def __init__(self, error: Exception | None = None) -> None:
        self.batches: list[tuple[str, Mapping[str, Any]]] = []
        self._error = error

    def create_invalidation(self, *, DistributionId: str, InvalidationBatch: Mapping[str, Any]) -> None:  # noqa: N803
        if self._error:
            raise self._error
        self.batches.append((DistributionId, InvalidationBatch))


def invalidate(fake: FakeCloudFront, url: str, keys: Sequence[str]) -> None:
    cloudfront(cast("CloudFrontClient", fake), "E2ABC", url)(keys)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://example.org", "/apt/InRelease"),
        ("https://example.org/", "/apt/InRelease"),
        ("https://example.org/packages/", "/packages/apt/InRelease"),
    ],
)
def test_all_paths_go_in_one_batch_as_users_see_them(url: str, path: str) -> None:
    fake = FakeCloudFront()
    invalidate(fake, url, ["apt/InRelease", "yum/a b~c"])
    invalidate(fake, url, ["x"])
    (name, first), (_, second) = fake.batches
    assert name == "E2ABC"
    assert first["Paths"] == {"Quantity": 2, "Items": [path, path.replace("apt/InRelease", "yum/a%20b~c")]}
    assert first["CallerReference"] != second["CallerReference"]


def test_a_failure_says_that_the_release_is_published() -> None:
    fake = FakeCloudFront(EndpointConnectionError(endpoint_url="https://x"))
    with pytest.raises(StoreError, match="is published, but CloudFront's E2ABC was not told"):
        invalidate(fake, "https://example.org", ["x"])


def test_without_a_cache_nothing_happens() -> None:
    no_cache(["x"])
