"""Take from the channel's store what it has already: a component that did not change is released once."""

from dataclasses import replace

from jesses.base.artifact import Artifact
from jesses.base.errors import StoreError
from jesses.package.formats.sbom import SUFFIX
from jesses.pipeline.context import Context, State
from jesses.pipeline.workspace import PACKAGES, SBOMS


def reuse(context: Context, state: State) -> State:
    """Every package that is planned as released, with the bytes that it was released with.

    Raises:
        StoreError: the store no longer has them.

    """
    planned = [package for package in context.inputs.plan.packages if package.released]
    taken = [
        artifact
        for component in dict.fromkeys(package.component for package in planned)
        for artifact in _take(
            context, component, [package.file_name for package in planned if package.component == component]
        )
    ]
    return replace(state, artifacts=(*state.artifacts, *taken))


def _take(context: Context, component: str, names: list[str]) -> list[Artifact]:
    record = context.released(component)
    known = record.artifacts()
    taken = []
    for name in names:
        context.tools.progress(name)
        if name not in known:
            raise StoreError(f"{name} was released and is no more", fix="run again")
        for file, directory in ((name, PACKAGES), (name + SUFFIX, SBOMS)):
            if file in known:
                target = context.tools.workspace.output / directory / file
                target.parent.mkdir(exist_ok=True)
                taken.append(record.fetch(known[file], target))
    return taken
