"""The branches and tags of the remote, read once at the beginning of a cut."""

from collections.abc import Mapping
from dataclasses import dataclass

from jesses.history.clone import Clone


@dataclass(frozen=True, kw_only=True)
class RemoteState:
    """The remote as it was when it was read: its main branch's name, the commits of its branches and tags."""

    main: str
    branches: Mapping[str, str]
    tags: Mapping[str, str]


def read_remote(clone: Clone) -> RemoteState:
    """The remote of `clone` as it is now.

    Raises:
        CutError: there is no such remote, or it does not answer.

    """
    main = clone.fetch()
    return RemoteState(main=main, branches=clone.branches(), tags=clone.tags())
