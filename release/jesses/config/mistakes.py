"""Every reason why data is not what a model wants, each with its key path and what to write instead."""

import difflib
from collections.abc import Iterable, Iterator
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from msgspec import Meta, Struct, ValidationError, convert
from msgspec.structs import fields

from jesses.config.text import WANTED


def mistakes_in(data: object, kind: Any, path: tuple[object, ...] = ()) -> Iterator[str]:  # noqa: ANN401
    """What keeps `data`, which is at `path`, from being a `kind`; nothing where it is one.

    A mistake of what is inside is told there.
    """
    kind = _present(kind)
    try:
        convert(data, kind)
    except ValidationError as error:
        inner = list(_inside(data, _plain(kind), path))
        yield from inner or [_told(path, _in_words(data, kind, error))]


def _inside(data: object, kind: Any, path: tuple[object, ...]) -> Iterator[str]:  # noqa: ANN401
    inner = get_args(kind)
    if isinstance(kind, type) and issubclass(kind, Struct) and isinstance(data, dict):
        yield from _in_table(data, kind, path)
    elif get_origin(kind) is dict and isinstance(data, dict):
        for key, value in data.items():
            yield from mistakes_in(key, inner[0], (*path, key))
            yield from mistakes_in(value, inner[1], (*path, key))
    elif get_origin(kind) is tuple and isinstance(data, list):
        for index, item in enumerate(data):
            yield from mistakes_in(item, inner[0], (*path, index))


def _in_table(data: dict[str, object], kind: type[Struct], path: tuple[object, ...]) -> Iterator[str]:
    known = {field.name: field for field in fields(kind)}
    for name, field in known.items():
        if name in data:
            yield from mistakes_in(data[name], field.type, (*path, name))
        elif field.required:
            yield _told((*path, name), "is missing")
    for name in data.keys() - known.keys():
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
        yield _told((*path, name), f"unknown key; {hint}")


def _present(kind: Any) -> Any:  # noqa: ANN401
    """What stands where something does: None is what TOML cannot say."""
    return get_args(kind)[0] if get_origin(kind) in {Union, UnionType} else kind


def _plain(kind: Any) -> Any:  # noqa: ANN401
    """A type without its annotations."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _in_words(data: object, kind: Any, error: ValidationError) -> str:  # noqa: ANN401
    if get_origin(kind) is Literal:
        return f"{data!r} must be {_either(get_args(kind))}"
    if get_origin(kind) is Annotated and isinstance(data, str):
        for meta in get_args(kind)[1:]:
            if isinstance(meta, Meta) and meta.extra:
                return f"{data!r} must be {meta.extra[WANTED]}"
    return str(error)


def _either(values: Iterable[object]) -> str:
    *others, last = map(repr, values)
    return f"{', '.join(others)} or {last}" if others else last


def _told(path: tuple[object, ...], what: str) -> str:
    return f"{'.'.join(map(str, path))}: {what}"
