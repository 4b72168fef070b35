"""See that a release can work before anything is built: credentials, permissions, what must be there."""

from typing import Protocol, runtime_checkable

from release.errors import EngineError
from release.steps import Context, State


@runtime_checkable
class Preflight(Protocol):
    """A publisher that can tell beforehand whether it may publish."""

    def preflight(self) -> None: ...


def preflight(context: Context, state: State) -> State:
    """Ask every publisher that can tell, and fetch the images that ours stand on."""
    for publisher in context.publishers:
        if isinstance(publisher, Preflight):
            publisher.preflight()
    for image in context.plan.images:
        if image.skipped and context.plan.channel:
            raise EngineError(
                f"the image {image.name} cannot be built: {image.skipped}",
                fix="start a Docker engine, or set DOCKER_HOST",
            )
        if image.base:
            context.find_base(image.base, tuple(image.archives))
    return state
