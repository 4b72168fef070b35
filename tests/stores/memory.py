"""A store in memory, for unit tests: it records its calls, and hooks around each can fail or interfere.

Set `before` to `crash_at(3)` and the third call, and every later one, raises `Crash` and changes nothing; set
`after` instead and the third call took effect first. `once(operation, key, rival.commit)` lets a rival in at
that moment.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from release.stores import StoredObject

_Answer = TypeVar("_Answer")


class Crash(BaseException):
    """The process died here: nothing may catch it."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a store; `number` counts from 1, `operation` is the name of the method."""

    number: int
    operation: str
    key: str

    @property
    def writes(self) -> bool:
        return self.operation.startswith("put")


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
        return self._call("get", key, lambda: self._read(key))

    def sha256(self, key: str) -> str | None:
        return self._call("sha256", key, lambda: self._digest(key))

    def put_if_absent(self, key: str, source: Path | bytes) -> bool:
        data = source if isinstance(source, bytes) else source.read_bytes()
        return self._call("put_if_absent", key, lambda: self._replace(key, data, None))

    def put_if_unchanged(self, key: str, data: bytes, token: str | None) -> bool:
        return self._call("put_if_unchanged", key, lambda: self._replace(key, data, token))

    def list(self, prefix: str = "") -> Iterator[str]:
        return self._call(
            "list", prefix, lambda: iter(sorted(key for key in self.objects if key.startswith(prefix)))
        )

    def _call(self, operation: str, key: str, effect: Callable[[], _Answer]) -> _Answer:
        call = Call(number=len(self.calls) + 1, operation=operation, key=key)
        self.calls.append(call)
        self.before(call)
        answer = effect()
        self.after(call)
        return answer

    def _read(self, key: str) -> StoredObject | None:
        token = self._digest(key)
        return None if token is None else StoredObject(data=self.objects[key], token=token)

    def _digest(self, key: str) -> str | None:
        data = self.objects.get(key)
        return None if data is None else hashlib.sha256(data).hexdigest()

    def _replace(self, key: str, data: bytes, token: str | None) -> bool:
        if self._digest(key) != token:
            return False
        self.objects[key] = data
        return True
