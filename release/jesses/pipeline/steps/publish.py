"""Publish in two halves: every publisher stages, what was staged is verified, then every publisher commits."""

from dataclasses import replace

from jesses.pipeline.context import Context, State
from jesses.publish import Publisher, drive


def claim(context: Context, state: State) -> State:
    """Take down what is to be published, and become the one run that publishes this release.

    Raises:
        ConflictError: a version was withdrawn from this channel, or is published with other bytes, or this is
            not what was agreed on.

    """
    context.inputs.confirm()
    if context.inputs.plan.channel is not None:
        for name in context.inputs.plan.versions:
            context.released(name).refuse_withdrawn(context.inputs.plan.channel)
    context.destinations.journal.claim(state.artifacts)
    return state


def check(context: Context, state: State) -> State:
    """Ask every destination what it has, and take signed bytes that are there as they are."""
    artifacts = drive.check(
        context.destinations.publishers, state.artifacts, resumed=context.destinations.journal.resumed
    )
    return replace(state, artifacts=artifacts)


def stage(context: Context, state: State) -> State:
    """Upload the immutable half everywhere; a failure leaves every destination as users saw it before."""
    artifacts = drive.stage(
        context.destinations.publishers,
        state.artifacts,
        tell=lambda publisher: context.tools.progress(publisher.name),
    )
    context.destinations.journal.record("staged", artifacts)
    return replace(state, artifacts=artifacts)


def verify(context: Context, state: State) -> State:
    """Read back what was staged, everywhere."""
    drive.verify(context.destinations.publishers)
    context.destinations.journal.record("verified", state.artifacts)
    return state


def commit(context: Context, state: State) -> State:
    """Make what was staged visible, everywhere; who has lost the release to another run stops."""

    def before_each(publisher: Publisher) -> None:
        context.tools.progress(publisher.name)
        context.destinations.journal.renew()

    publications = drive.commit(context.destinations.publishers, before_each=before_each)
    pointers = sorted({key for publication in publications for key in publication.pointers})
    # A run that died here may have moved pointers and told no cache.
    if pointers and (
        context.destinations.journal.resumed or any(publication.uploaded for publication in publications)
    ):
        context.destinations.invalidate(pointers)
    context.destinations.journal.record("committed", state.artifacts)
    return replace(state, publications=publications)
