"""A store in memory, for unit tests: it records its calls, and hooks around each can fail or interfere.

Set `before` to `crash_at(3)` and the third call, and every later one, raises `Crash` and changes nothing; set
`after` instead and the third call took effect first. `once(operation, key, rival.commit)` lets a rival in at
that moment.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from jesses.stores import Head, ListedObject, Metadata, StoredObject, keys

_Answer = TypeVar("_Answer")
NOW = 1_700_000_000.0


class Crash(BaseException):
    """The process died here: nothing may catch it."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a store; `number` counts from 1, `operation` is the name of the method.

    `sent` is the number of bytes that a write brought along.
    """

    number: int
    operation: str
    key: str
    sent: int = 0

    @property
    def writes(self) -> bool:
        return self.operation.startswith(("put", "delete"))


Hook = Callable[[Call], None]


def nothing(call: Call) -> None:
    """The hook that does nothing."""


def crash_at(number: int) -> Hook:
    """Raise `Crash` at call `number` and at every later one."""

    def hook(call: Call) -> None:
        if call.number >= number:
            raise Crash(f"call {call.number}: {call.operation} {call.key}")

    return hook


def once(operation: str, key: str, action: Callable[[], object]) -> Hook:
    """Run `action` at the first call of `operation` for `key`: what another process does at that moment."""
    pending = [action]

    def hook(call: Call) -> None:
        if pending and (call.operation, call.key) == (operation, key):
            pending.pop()()

    return hook


class MemoryStore:
    """`objects` maps keys to bytes; `before` and `after` run around every call, and may raise."""

    def __init__(self, objects: dict[str, bytes] | None = None) -> None:
        self.objects = dict(objects or {})
        self.calls: list[Call] = []
        self.before: Hook = nothing
        self.after: Hook = nothing

    def reset(self) -> None:
        """Forget the hooks and the calls, keep the objects."""
        self.calls.clear()
        self.before = self.after = nothing

    def get(self, key: str) -> StoredObject | None:
        return self._call("get", keys.readable(key), lambda: self._read(key))

    def head(self, key: str) -> Head | None:
        return self._call("head", keys.readable(key), lambda: self._head(key))

    def open(self, key: str, *, start: int = 0, size: int | None = None) -> io.BufferedReader | None:
        return self._call("open", keys.readable(key), lambda: self._open(key, start, size))

    def put_if_absent(self, key: str, source: Path | bytes, metadata: Metadata | None = None) -> str | None:
        data = source if isinstance(source, bytes) else source.read_bytes()
        return self._write("put_if_absent", key, data, lambda: self._digest(key) is None)

    def put_if_unchanged(
        self, key: str, data: bytes, token: str | None, metadata: Metadata | None = None
    ) -> str | None:
        return self._write("put_if_unchanged", key, data, lambda: self._digest(key) == token)

    def put(self, key: str, data: bytes, metadata: Metadata | None = None) -> str:
        return self._write("put", key, data, lambda: True) or ""

    def delete_if_unchanged(self, key: str, token: str) -> bool:
        return self._call("delete_if_unchanged", keys.readable(key), lambda: self._delete(key, token))

    def list(self, prefix: str = "") -> Iterator[ListedObject]:
        return self._call("list", prefix, lambda: self._list(prefix))

    def _call(self, operation: str, key: str, effect: Callable[[], _Answer], sent: int = 0) -> _Answer:
        call = Call(number=len(self.calls) + 1, operation=operation, key=key, sent=sent)
        self.calls.append(call)
        self.before(call)
        answer = effect()
        self.after(call)
        return answer

    def _write(self, operation: str, key: str, data: bytes, allowed: Callable[[], bool]) -> str | None:
        def effect() -> str | None:
            if not allowed():
                return None
            self.objects[key] = data
            return self._digest(key)

        return self._call(operation, keys.writable(key), effect, len(data))

    def _read(self, key: str) -> StoredObject | None:
        token = self._digest(key)
        return None if token is None else StoredObject(data=self.objects[key], token=token)

    def _head(self, key: str) -> Head | None:
        token = self._digest(key)
        return None if token is None else Head(size=len(self.objects[key]), token=token, sha256=token)

    def _open(self, key: str, start: int, size: int | None) -> io.BufferedReader | None:
        if key not in self.objects:
            return None
        end = None if size is None else start + size
        return io.BufferedReader(io.BytesIO(self.objects[key][start:end]))

    def _delete(self, key: str, token: str) -> bool:
        if self._digest(key) != token:
            return False
        del self.objects[key]
        return True

    def _list(self, prefix: str) -> Iterator[ListedObject]:
        return iter(
            [
                ListedObject(key=key, size=len(data), modified=NOW)
                for key, data in sorted(self.objects.items())
                if key.startswith(prefix)
            ]
        )

    def _digest(self, key: str) -> str | None:
        data = self.objects.get(key)
        return None if data is None else hashlib.sha256(data).hexdigest()
