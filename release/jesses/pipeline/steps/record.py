"""Record what was released, for releases to come."""

from jesses.pipeline.context import Context, State


def record(context: Context, state: State) -> State:
    """A record in the channel's store for each version; a snapshot has no store that lasts."""
    if context.inputs.plan.channel is None:
        return state
    keys = {name: key for publication in state.publications for name, key in publication.objects.items()}
    for name, version in context.inputs.plan.versions.items():
        artifacts = [artifact for artifact in state.artifacts if artifact.component == name]
        context.released(name).write(
            artifacts,
            keys,
            channel=context.inputs.plan.channel,
            now=context.tools.clock(),
            commit=version.commit.sha,
        )
    return state
