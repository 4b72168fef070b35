"""How the sending of something large goes on, told to whoever looks."""

from collections.abc import Callable

Progress = Callable[[str, int, int], object]
"""Is told what is sent (a key, the name of an image), the bytes of it sent so far, and those there are to send.

Several threads may call it. Where something is sent again after a failure, the bytes sent so far go back.
"""


def no_progress(_what: str, _sent: int, _total: int) -> None:
    """For what nobody looks at, or sends nothing large."""
