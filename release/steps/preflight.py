"""See that publishing can work before anything is built: credentials, permissions, what must be there."""

from typing import Protocol, runtime_checkable

from release.steps import Context, State


@runtime_checkable
class Preflight(Protocol):
    """A publisher that can tell beforehand whether it may publish."""

    def preflight(self) -> None: ...


def preflight(context: Context, state: State) -> State:
    """Ask every publisher that can tell; the first that may not publish ends the run."""
    for publisher in context.publishers:
        if isinstance(publisher, Preflight):
            publisher.preflight()
    return state
