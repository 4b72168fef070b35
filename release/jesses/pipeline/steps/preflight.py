"""See that a release can work before anything is built: credentials, permissions, what must be there."""

from typing import Protocol, runtime_checkable

from jesses.base.errors import EngineError
from jesses.pipeline.context import Context, State


@runtime_checkable
class Preflight(Protocol):
    """A publisher that can tell beforehand whether it may publish."""

    def preflight(self) -> None: ...


def preflight(context: Context, state: State) -> State:
    """Look for an engine, ask every publisher that can tell, and fetch the images that ours stand on.

    An image that cannot be built is left out where it would be pushed nowhere.
    """
    is_pushed = any("image" in destination.takes for destination in context.inputs.plan.destinations)
    for image in context.inputs.plan.images:
        if image.skipped and is_pushed:
            raise EngineError(
                f"the image {image.name} cannot be built: {image.skipped}",
                fix="start a Docker engine, or set DOCKER_HOST",
            )
    for publisher in context.destinations.publishers:
        if isinstance(publisher, Preflight):
            publisher.preflight()
    for image in context.inputs.plan.images:
        if image.base:
            context.destinations.find_base(image)
    return state
