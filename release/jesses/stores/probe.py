"""Whether a store keeps its promise, found out before anything depends on it."""

import secrets

from jesses.base.errors import StoreError
from jesses.stores import Store

_NEVER_WAS = '"00000000000000000000000000000000"'


def probe(store: Store, key: str) -> None:
    """Write an object that exists at `key`, and replace it by a token that it never had: both must be refused.

    It costs two requests, three the first time.

    Raises:
        StoreError: the store ignores conditions.

    """
    if _create(store, key) and _create(store, key):
        raise _refusal("If-None-Match", "a published package could be overwritten by another with its name")
    if store.put_if_unchanged(key, _unique(), _NEVER_WAS) is not None:
        raise _refusal("If-Match", "of two releases at once, one would vanish from the indexes of the other")


def _create(store: Store, key: str) -> bool:
    return store.put_if_absent(key, _unique()) is not None


def _unique() -> bytes:
    # Never the same twice, so that a repeated request cannot be taken for another run's.
    return secrets.token_hex().encode()


def _refusal(header: str, consequence: str) -> StoreError:
    return StoreError(
        f"the store ignores {header}: {consequence}",
        fix="use a store with conditional writes (Amazon S3, R2, MinIO, Ceph Squid or newer, a directory)",
    )
