"""How a release is to be made, and who is told how it goes on."""

from dataclasses import dataclass
from typing import Protocol

from jesses.channel.survey import AgreedPlan


class Narrator(Protocol):
    """Is told how a run goes on."""

    def step(self, name: str) -> None: ...

    def progress(self, text: str) -> None: ...

    def command(self, line: str) -> None: ...

    def upload(self, key: str, sent: int, total: int) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to release: to which channel (None: a snapshot), whether to sign, for real, and whom to wait for.

    With a plan that was `agreed` on, exactly that is done or nothing.
    """

    channel: str | None = None
    sign: bool = True
    dry_run: bool = False
    take_over: bool = False
    agreed: AgreedPlan | None = None
