"""Take over what other machines have built."""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from jesses.base.digest import sha256_of
from jesses.base.errors import OutputError
from jesses.pipeline.context import Context, State, Step
from jesses.pipeline.handover import BUILD_AGAIN, handed_over, saved_images, staged_trees, unpack_tree
from jesses.pipeline.received import received

K = TypeVar("K", bound=Hashable)


def collect(directories: Sequence[Path]) -> Step:
    """A step that takes over what was built in `directories`; what was released already stays as it is.

    Raises:
        OutputError: something there is damaged, was made from another commit, or is not what is planned; or a
            directory is named twice, or two have other bytes for one file.

    """

    def step(context: Context, state: State) -> State:
        _check_named_once(directories)
        plan, workspace = context.inputs.plan, context.tools.workspace
        found = {artifact.path.name: artifact for artifact in state.artifacts}
        for directory in directories:
            for artifact in received(context, directory, handed_over(directory, plan)):
                before = found.setdefault(artifact.path.name, artifact)
                _check_same(before.sha256, artifact.sha256, artifact.path.name)
        trees = {}
        for key, archive in _once(
            (key, path) for each in directories for key, path in staged_trees(each, plan)
        ):
            trees[key] = workspace.scratch / "staged" / archive.stem
            unpack_tree(archive, trees[key])
        saved = dict(_once((key, path) for each in directories for key, path in saved_images(each, plan)))
        return replace(
            state,
            trees={**state.trees, **trees},
            saved={**state.saved, **saved},
            artifacts=tuple(found.values()),
        )

    return step


def _check_named_once(directories: Sequence[Path]) -> None:
    for directory, times in Counter(path.resolve() for path in directories).items():
        if times > 1:
            raise OutputError(f"{directory} is handed over {times} times", fix="name it once: --from DIR")


def _once(files: Iterator[tuple[K, Path]]) -> Iterator[tuple[K, Path]]:
    """The first file of each key; the others are the same."""
    first: dict[K, Path] = {}
    for key, path in files:
        if key in first:
            _check_same(sha256_of(first[key]), sha256_of(path), path.name)
        else:
            first[key] = path
            yield key, path


def _check_same(before: str, now: str, name: str) -> None:
    if before != now:
        raise OutputError(f"{name} is handed over twice, with different bytes", fix=BUILD_AGAIN)
