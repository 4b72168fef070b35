"""Takes every publisher through one half before any goes on to the next: check, stage, verify, commit.

A release does something between them (its journal, its lease); what has nothing to do there calls `publish`.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from jesses.base.artifact import Artifact
from jesses.publish import Independent, Publication, Publisher

Tell = Callable[[Publisher], object]
"""Is told which publisher is next."""


def _nobody(_publisher: Publisher) -> None:
    """Tell nobody."""


def publish(
    publishers: Sequence[Publisher], artifacts: Sequence[Artifact]
) -> tuple[tuple[Artifact, ...], tuple[Publication, ...]]:
    """Publish everywhere; gives the artifacts as they were published, and what each publisher made visible.

    Raises:
        ReleaseError: as the methods of `Publisher`; until the first of them commits, nothing is visible.

    """
    staged = stage(publishers, check(publishers, artifacts))
    verify(publishers)
    return staged, commit(publishers)


def check(
    publishers: Sequence[Publisher], artifacts: Sequence[Artifact], *, resumed: bool = False
) -> tuple[Artifact, ...]:
    """Ask every destination what it has, and take signed bytes that are there as they are.

    Errors as `Publisher.check`.
    """
    checked = tuple(artifacts)
    for publisher in publishers:
        checked = publisher.check(checked, resumed=resumed)
    return checked


def stage(
    publishers: Sequence[Publisher], artifacts: Sequence[Artifact], *, tell: Tell = _nobody
) -> tuple[Artifact, ...]:
    """Upload the immutable half everywhere; a failure leaves every destination as users saw it before.

    Gives the artifacts as they are published. Errors as `Publisher.stage`.
    """
    staged = tuple(artifacts)

    def aside(publisher: Publisher) -> None:
        tell(publisher)
        publisher.stage(artifacts)

    with _beside(publishers, aside) as others:
        for publisher in others:
            tell(publisher)
            staged = publisher.stage(staged)
    return staged


def verify(publishers: Sequence[Publisher]) -> None:
    """Read back what was staged, everywhere; errors as `Publisher.verify`."""
    with _beside(publishers, lambda publisher: publisher.verify()) as others:
        for publisher in others:
            publisher.verify()


def commit(publishers: Sequence[Publisher], *, before_each: Tell = _nobody) -> tuple[Publication, ...]:
    """Make what was staged visible, one destination after the other; what `before_each` raises stops the rest.

    Errors as `Publisher.commit`.
    """
    publications = []
    for publisher in publishers:
        before_each(publisher)
        publications.append(publisher.commit())
    return tuple(publications)


@contextmanager
def _beside(publishers: Sequence[Publisher], work: Callable[[Publisher], None]) -> Iterator[list[Publisher]]:
    """Does `work` for the independent publishers, all at once, while the block sees to the others."""
    independent = [publisher for publisher in publishers if isinstance(publisher, Independent)]
    with ThreadPoolExecutor(len(independent) or 1, thread_name_prefix="publish") as pool:
        works = [pool.submit(work, publisher) for publisher in independent]
        yield [publisher for publisher in publishers if publisher not in independent]
        for done in works:
            done.result()
