"""Check out what is made from another commit than the one that lies in the directory."""

from dataclasses import replace

from jesses.pipeline.context import ComponentSource, Context, State


def checkout(context: Context, state: State) -> State:
    """The sources of every component that is built or has an image; components of one commit share a checkout.

    Raises:
        HistoryError: git cannot check out that commit.

    """
    components = [planned.component for planned in context.inputs.plan.builds]
    components += [package.component for package in context.inputs.plan.packages if not package.released]
    components += [image.component for image in context.inputs.plan.images if not image.skipped]
    sources = {component: context.source(component) for component in components}
    exported: dict[tuple[str, str], ComponentSource] = {}
    for component, source in sources.items():
        if source.commit is None:
            continue
        origin = (str(source.directory), source.commit)
        if origin not in exported:
            context.tools.progress(f"{component} as of {source.commit[:7]}")
            target = context.tools.workspace.scratch / "sources" / str(len(exported))
            directory = context.tools.export(source.directory, source.commit, target)
            exported[origin] = replace(source, directory=directory)
        sources[component] = replace(source, directory=exported[origin].directory)
    return replace(state, sources=sources)
