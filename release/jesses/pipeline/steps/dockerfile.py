"""Build the images of Dockerfiles on a machine of their architecture, for another machine to go on with."""

from collections.abc import Iterable
from dataclasses import replace

from jesses.base.naming.arch import Arch
from jesses.pipeline.context import Context, State, Step
from jesses.pipeline.dockerfile import build_image
from jesses.pipeline.workspace import BUILT


def build_images(architectures: Iterable[Arch]) -> Step:
    """A step that builds every Dockerfile's image for `architectures`, for another machine to go on with.

    Without an engine it builds none: the machine that publishes does, by emulation.
    """
    wanted = frozenset(architectures)

    def step(context: Context, state: State) -> State:
        directory = context.tools.workspace.output / BUILT
        made = dict(state.saved)
        for planned in context.inputs.plan.images:
            for arch in sorted(wanted & set(planned.archives)):
                if planned.dockerfile and not planned.skipped:
                    directory.mkdir(exist_ok=True)
                    made[planned.name, arch] = directory / f"{planned.name}-{arch}.tar"
                    context.tools.progress(f"{planned.name} for {arch}")
                    build_image(context, state, planned, arch, made[planned.name, arch])
        return replace(state, saved=made)

    return step
