"""JSON from outside: read with a limit for its size and its depth, into the type that it is to have.

Whoever reads an answer, a journal or a record turns `DocumentError` into an error with a cause and a cure.
"""

from typing import Any, Final, TypeVar

import msgspec

MOST: Final = 4 << 20
"""Bytes of a document, unless more is allowed: the size of a manifest that every registry takes.

Source: distribution specification 1.1, "Pushing Manifests"."""

T = TypeVar("T")


class DocumentError(ValueError):
    """Bytes are not the document that they should be; the message says why, and shows nothing of them."""


def read_json(data: bytes, kind: type[T], *, most: int = MOST) -> T:
    """The JSON document (RFC 8259) in `data`, which is at most `most` bytes, as a value of the type `kind`.

    >>> read_json(b'{"tags": []}', dict[str, list[str]])
    {'tags': []}

    Raises:
        DocumentError: it is longer, nested too deeply, no JSON, or of another type.

    """
    if len(data) > most:
        raise DocumentError(f"it is longer than {most} bytes")
    try:
        return msgspec.json.decode(data, type=kind)
    except RecursionError as error:
        raise DocumentError("it is nested too deeply") from error
    except ValueError as error:
        raise DocumentError(f"it is not JSON as it should be: {error}") from error


def read_object(data: bytes, *, most: int = MOST) -> dict[str, Any]:
    """The JSON object in `data`, with fields of any type; errors as `read_json`."""
    return read_json(data, dict[str, Any], most=most)
