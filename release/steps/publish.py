"""Publish in two halves: every publisher stages, what was staged is verified, then every publisher commits."""

from dataclasses import replace

from release.steps import Context, State


def claim(context: Context, state: State) -> State:
    """Take down what is to be published, and become the one run that publishes this release."""
    context.journal.claim(state.artifacts)
    return state


def check(context: Context, state: State) -> State:
    """Ask every destination what it has, and take signed bytes that are there as they are."""
    artifacts = state.artifacts
    for publisher in context.publishers:
        artifacts = publisher.check(artifacts, resumed=context.journal.resumed)
    return replace(state, artifacts=artifacts)


def stage(context: Context, state: State) -> State:
    """Upload the immutable half everywhere; a failure leaves every destination as users saw it before."""
    artifacts = state.artifacts
    for publisher in context.publishers:
        context.progress(publisher.name)
        artifacts = publisher.stage(artifacts)
    context.journal.record("staged", artifacts)
    return replace(state, artifacts=artifacts)


def verify(context: Context, state: State) -> State:
    """Read back what was staged, everywhere."""
    for publisher in context.publishers:
        publisher.verify()
    context.journal.record("verified", state.artifacts)
    return state


def commit(context: Context, state: State) -> State:
    """Make what was staged visible, everywhere; who has lost the release to another run stops."""
    publications = []
    for publisher in context.publishers:
        context.progress(publisher.name)
        context.journal.renew()
        publications.append(publisher.commit())
    pointers = sorted({key for publication in publications for key in publication.pointers})
    # A run that died here may have moved pointers and told no cache.
    if pointers and (context.journal.resumed or any(publication.uploaded for publication in publications)):
        context.invalidate(pointers)
    context.journal.record("committed", state.artifacts)
    return replace(state, publications=tuple(publications))
