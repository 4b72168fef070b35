"""Take from the channel's store what it has already: a component that did not change is released once."""

from dataclasses import replace

from release import released
from release.errors import StoreError
from release.steps import Context, State
from release.steps.package import DIRECTORY


def reuse(context: Context, state: State) -> State:
    """Every package that is planned as released, with the bytes that it was released with.

    Raises:
        StoreError: the store no longer has them.

    """
    directory = context.workspace.output / DIRECTORY
    directory.mkdir(exist_ok=True)
    taken = []
    for planned in context.plan.packages:
        if not planned.released:
            continue
        context.progress(planned.file_name)
        version = context.plan.versions[planned.component].version
        known = released.find(context.store, planned.component, version).get(planned.file_name)
        if known is None:
            raise StoreError(f"{planned.file_name} was released and is no more", fix="run again")
        target = directory / planned.file_name
        taken.append(known.fetch(context.store, target, component=planned.component, version=version))
    return replace(state, artifacts=(*state.artifacts, *taken))
