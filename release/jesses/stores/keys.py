"""Which texts are keys."""

from pathlib import PurePosixPath

from jesses.base.errors import StoreError


def readable(key: str) -> str:
    """`key`, if it is a relative POSIX path that stays inside of the store.

    Raises:
        StoreError: it is not.

    """
    parts = PurePosixPath(key).parts
    if not key or ".." in parts or "/".join(parts) != key:
        raise StoreError(f"{key!r} is no key of a store", fix="use a relative path without '..'")
    return key


def writable(key: str) -> str:
    """`key`, if it may be written: services and clients disagree about what "+" in an address means.

    Raises:
        StoreError: it may not.

    """
    if "+" in key:
        raise StoreError(
            f"{key!r} holds '+', which S3 reads as a blank where apt asks for '%2b'",
            fix="name it with letters, digits, '.', '_', '~' and '-'",
        )
    return readable(key)
