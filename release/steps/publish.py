"""Publish in two halves: every publisher stages, what was staged is verified, then every publisher commits."""

from dataclasses import replace

from release.steps import Context, State


def stage(context: Context, state: State) -> State:
    """Upload the immutable half everywhere; a failure leaves every destination as users saw it before."""
    for publisher in context.publishers:
        context.progress(publisher.name)
        publisher.stage(state.artifacts)
    return state


def verify(context: Context, state: State) -> State:
    """Read back what was staged, everywhere."""
    for publisher in context.publishers:
        publisher.verify()
    return state


def commit(context: Context, state: State) -> State:
    """Make what was staged visible, everywhere."""
    publications = []
    for publisher in context.publishers:
        context.progress(publisher.name)
        publications.append(publisher.commit())
    return replace(state, publications=tuple(publications))
