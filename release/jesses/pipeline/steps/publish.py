"""Publish in two halves: every publisher stages, what was staged is verified, then every publisher commits."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from jesses.pipeline.context import Context, State
from jesses.publish import Independent, Publisher


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
    artifacts = state.artifacts
    for publisher in context.destinations.publishers:
        artifacts = publisher.check(artifacts, resumed=context.destinations.journal.resumed)
    return replace(state, artifacts=artifacts)


def stage(context: Context, state: State) -> State:
    """Upload the immutable half everywhere; a failure leaves every destination as users saw it before."""
    artifacts = state.artifacts

    def aside(publisher: Publisher) -> None:
        context.tools.progress(publisher.name)
        publisher.stage(state.artifacts)

    with _beside(context, aside) as others:
        for publisher in others:
            context.tools.progress(publisher.name)
            artifacts = publisher.stage(artifacts)
    context.destinations.journal.record("staged", artifacts)
    return replace(state, artifacts=artifacts)


def verify(context: Context, state: State) -> State:
    """Read back what was staged, everywhere."""
    with _beside(context, lambda publisher: publisher.verify()) as others:
        for publisher in others:
            publisher.verify()
    context.destinations.journal.record("verified", state.artifacts)
    return state


def commit(context: Context, state: State) -> State:
    """Make what was staged visible, everywhere; who has lost the release to another run stops."""
    publications = []
    for publisher in context.destinations.publishers:
        context.tools.progress(publisher.name)
        context.destinations.journal.renew()
        publications.append(publisher.commit())
    pointers = sorted({key for publication in publications for key in publication.pointers})
    # A run that died here may have moved pointers and told no cache.
    if pointers and (
        context.destinations.journal.resumed or any(publication.uploaded for publication in publications)
    ):
        context.destinations.invalidate(pointers)
    context.destinations.journal.record("committed", state.artifacts)
    return replace(state, publications=tuple(publications))


@contextmanager
def _beside(context: Context, work: Callable[[Publisher], None]) -> Iterator[list[Publisher]]:
    """Does `work` for the independent publishers, all at once, while the block sees to the others."""
    independent = [
        publisher for publisher in context.destinations.publishers if isinstance(publisher, Independent)
    ]
    with ThreadPoolExecutor(len(independent) or 1, thread_name_prefix="publish") as pool:
        works = [pool.submit(work, publisher) for publisher in independent]
        yield [publisher for publisher in context.destinations.publishers if publisher not in independent]
        for done in works:
            done.result()
