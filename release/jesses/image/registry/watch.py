"""Since when nothing has moved: a registry that hangs is told from one that takes or gives bytes slowly."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol


class Body(Protocol):
    """What is sent: blocks of bytes that can be read again, with their length."""

    def __iter__(self) -> Iterator[bytes]: ...

    def __len__(self) -> int: ...


@dataclass(kw_only=True)
class Watch:
    """Knows since when nothing has moved, in a body that is sent or in an answer."""

    clock: Callable[[], float]
    moved: float = field(init=False)

    def __post_init__(self) -> None:
        self.moved = self.clock()

    def silence(self) -> float:
        """Seconds since something moved."""
        return max(0.0, self.clock() - self.moved)

    def blocks(self, source: Iterable[bytes]) -> Iterator[bytes]:
        """The blocks of `source`; between two of them something has moved."""
        for block in source:
            self.moved = self.clock()
            yield block
        self.moved = self.clock()


@dataclass(frozen=True)
class _Watched:
    """A body whose blocks are watched on their way."""

    body: Body
    watch: Watch

    def __iter__(self) -> Iterator[bytes]:
        return self.watch.blocks(self.body)

    def __len__(self) -> int:
        return len(self.body)


def watched(body: Body | bytes | None, watch: Watch) -> Body | bytes | None:
    """A body that tells `watch` when a block of it was taken; bytes in memory are sent as they are."""
    return body if body is None or isinstance(body, bytes) else _Watched(body, watch)
