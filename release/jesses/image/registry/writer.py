"""The repositories below a prefix as a publisher writes to them, or as a dry run says that it would."""

from collections.abc import Callable
from dataclasses import dataclass, field

from jesses.image.registry.client import ImageRepository
from jesses.image.registry.dry_run import DryRunRepository
from jesses.image.registry.ecr import Catalog
from jesses.image.registry.reference import Reference
from jesses.image.registry.registries import Registries
from jesses.stores.dry_run import StoreChange


@dataclass(frozen=True, kw_only=True)
class RegistryWriter:
    """Writes to the repositories below `prefix`, one for each image; `catalog` describes an image by its name.

    A `dry_run` changes nothing: `changes` are those that would have been.
    """

    registries: Registries
    prefix: Reference
    catalog: Callable[[str], Catalog]
    dry_run: bool = False
    changes: list[StoreChange] = field(default_factory=list)

    def repository(self, name: str) -> ImageRepository:
        """The repository of the image `name`; nothing is asked of the registry yet.

        Raises:
            RegistryError: a credential cannot be found out.

        """
        transport = self.registries.transport(self.prefix, writes=True)
        if self.dry_run:
            return DryRunRepository(transport, self._path(name), self.changes)
        return ImageRepository(transport, self._path(name), writes=True)

    def create(self, name: str) -> None:
        """Have the repository there: Amazon's registries do not make it at the first push.

        Raises:
            RegistryError: Amazon refuses.

        """
        amazon = self.registries.amazon(self.prefix)
        if amazon and not self.dry_run:
            amazon.create(self._path(name), self.catalog(name))

    def check(self, name: str) -> None:
        """See that we may write to the repository of an image.

        Raises:
            RegistryError: we may not.

        """
        self.create(name)
        self.repository(name).check_push()

    def full_name(self, name: str) -> str:
        """The name of the image with its registry, as users write it."""
        return self.prefix.below(name).name

    def _path(self, name: str) -> str:
        return self.prefix.below(name).repository
