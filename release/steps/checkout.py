"""Check out what is made from another commit than the one that lies in the directory."""

from dataclasses import replace

from release.steps import Context, Source, State


def checkout(context: Context, state: State) -> State:
    """The sources of every component that is built; components of one commit share a checkout.

    Raises:
        HistoryError: git cannot check out that commit.

    """
    sources = {planned.component: context.source(planned.component) for planned in context.plan.builds}
    exported: dict[tuple[str, str], Source] = {}
    for component, source in sources.items():
        if source.commit is None:
            continue
        place = (str(source.directory), source.commit)
        if place not in exported:
            context.progress(f"{component} as of {source.commit[:7]}")
            target = context.workspace.scratch / "sources" / str(len(exported))
            directory = context.export(source.directory, source.commit, target)
            exported[place] = replace(source, directory=directory)
        sources[component] = replace(source, directory=exported[place].directory)
    return replace(state, sources=sources)
