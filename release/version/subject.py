"""A component in its repository: what the rules of versions look at."""

from dataclasses import dataclass
from functools import cached_property

from release.config.models import Component
from release.history import History
from release.version.checkout import Checkout
from release.version.tags import ComponentTags


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A component, its tags, and the history that they are in."""

    name: str
    component: Component
    tags: ComponentTags
    history: History
    checkout: Checkout

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
