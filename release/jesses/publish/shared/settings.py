"""What a repository of packages is made with, whichever its format."""

from collections.abc import Callable
from dataclasses import dataclass, field

from jesses.base.retry import pause
from jesses.package.descriptions import Descriptions
from jesses.signing import Signer
from jesses.stores import Store


@dataclass(frozen=True, kw_only=True)
class RepositorySettings:
    """A repository below `prefix` of a store, which users reach at `url`; without a signer nothing is signed.

    `name` is the project's, and the file name of its key. `clock` gives seconds since 1970 UTC. `copies` are
    kept for old clients, too. `wait` is called with the number of a failed attempt, when another job was faster.
    `descriptions` are those of packages that this run has written.
    """

    store: Store
    prefix: str
    url: str
    name: str
    signer: Signer | None
    clock: Callable[[], float]
    copies: bool = True
    wait: Callable[[int], object] = pause
    descriptions: Descriptions = field(default_factory=Descriptions)
