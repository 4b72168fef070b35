"""What users install before their first package: the key and the source file at the root of a repository."""

import hashlib
from collections.abc import Mapping

from jesses.publish.shared.objects import RepositoryObjects


class ClientSetup:
    """The `files` by name, which are written before a pointer that names their `digest`."""

    def __init__(self, objects: RepositoryObjects, files: Mapping[str, bytes]) -> None:
        self._objects = objects
        self._files = files

    @property
    def digest(self) -> str:
        """It changes when any of the files does."""
        return hashlib.sha256(b"\0".join(self._files.values())).hexdigest()

    def publish(self, vouched: str) -> None:
        """Bring the files up to date, unless the digest that the pointer has `vouched` for is theirs.

        Raises:
            StoreError: the store failed.

        """
        for name, data in self._files.items():
            if vouched == self.digest:
                self._objects.note_pointer(name)
            else:
                self._objects.replace(name, data)
