"""Record what was released, for releases to come."""

from release import released
from release.steps import Context, State


def record(context: Context, state: State) -> State:
    """A record in the channel's store for each version; a snapshot has no store that lasts."""
    if context.plan.channel is None:
        return state
    keys = {name: key for publication in state.publications for name, key in publication.objects.items()}
    for name in context.plan.versions:
        # A package that was there already may carry another signature than the one of this run.
        artifacts = [
            artifact
            for artifact in state.artifacts
            if artifact.component == name
            and (key := keys.get(artifact.path.name))
            and context.store.sha256(key) == artifact.published_sha256
        ]
        released.record(context.store, artifacts, keys)
    return state
