"""A component in its repository: what the rules of versions look at."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from jesses.config.models import Component
from jesses.history.git_history import History
from jesses.plan.versions.checkout import Checkout, VersionLine
from jesses.plan.versions.component_tags import ComponentTags

_USUAL: Final = "release/{line}.x"


@dataclass(frozen=True, kw_only=True)
class VersionedComponent:
    """A component, its tags, and the history that they are in.

    `branches` are the patterns of the release branches of all components in the repository.
    """

    name: str
    component: Component
    tags: ComponentTags
    history: History
    checkout: Checkout
    branches: tuple[str, ...]

    @cached_property
    def line(self) -> VersionLine | None:
        """The line of the release branch that HEAD is on, if any; a contract looks at those of others too.

        A driver is released from the branches of what it ships with.
        """
        own = self.checkout.line(self.component.release_branch)
        if own or self.component.bump != "contract":
            return own
        return next(filter(None, map(self.checkout.line, (*self.branches, _USUAL))), None)

    @property
    def head(self) -> str:
        return self.checkout.head.sha

    @property
    def paths(self) -> tuple[str, ...]:
        """What belongs to the component, its contract included; empty: everything."""
        return (*self.component.paths, *self.component.contract) if self.component.paths else ()

    @cached_property
    def dirty(self) -> bool:
        """Whether files that belong to it differ from HEAD."""
        return self.history.is_dirty(self.paths)
