"""JSON from outside is a value of the type that is asked for, or one kind of error."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Struct

from jesses.base.documents import MOST, DocumentError, read_json, read_object

DEEP = 100_000
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


class Tags(Struct):
    name: str
    tags: tuple[str, ...] = ()


@given(VALUES)
def test_what_json_writes_is_read_again(value: object) -> None:
    assert read_json(json.dumps(value).encode(), Any) == value


@given(st.binary())
@example(b"[" * DEEP)
@example(b'{"a":' * DEEP)
@example(b"[" * DEEP + b"]" * DEEP)
@example(b'{"name": NaN}')
@example(b'{"name": 1e999}')
@example(b'{"name": "\xff"}')
@example(b'{"name": "\\ud800"}')
@example(b"9" * 5000)
def test_any_bytes_are_a_value_or_a_document_error(data: bytes) -> None:
    for kind in (Tags, dict[str, Any], Any):
        with suppress(DocumentError):
            read_json(data, kind)


@pytest.mark.parametrize("data", [b"", b"[]", b"<html>", b"null", b'{"a": 1', b'{"a": 1} x'])
def test_what_is_no_object_is_an_error(data: bytes) -> None:
    with pytest.raises(DocumentError, match="not JSON as it should be"):
        read_object(data)


def test_a_field_of_another_type_is_named() -> None:
    assert read_json(b'{"name": "x", "tags": ["1"]}', Tags) == Tags("x", ("1",))
    with pytest.raises(DocumentError, match=r"\$\.tags\[0\]"):
        read_json(b'{"name": "x", "tags": [1]}', Tags)


def test_what_is_too_long_is_not_read() -> None:
    with pytest.raises(DocumentError, match="longer than"):
        read_object(b" " * MOST + b"{}")
    assert read_object(b" " * MOST + b"{}", most=MOST + 2) == {}


@pytest.mark.parametrize("data", [b"[" * DEEP, b'{"a":' * DEEP])
def test_what_is_nested_too_deeply_is_an_error(data: bytes) -> None:
    with pytest.raises(DocumentError):
        read_json(data, Any)
