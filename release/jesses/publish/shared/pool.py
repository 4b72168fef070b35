"""The package files of a repository: which are published already, where, and with which signature."""

import re
from typing import Final

from jesses.base.artifact import Artifact
from jesses.base.errors import RepositoryError
from jesses.publish.shared.adopt import adopt
from jesses.publish.shared.objects import RepositoryObjects

# A store reads "+" as a blank, clients ask for "~" as "%7e".
_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")


class Pool:
    """The package files among `objects`. One that is there already stays where and as it is."""

    def __init__(self, objects: RepositoryObjects) -> None:
        self._objects = objects
        self._locations: dict[str, str] = {}

    def as_published(
        self, artifact: Artifact, location: str, there: str | None, *, resumed: bool
    ) -> Artifact:
        """`artifact` with the signature that it has in the repository: at `location`, with the digest `there`.

        None is for what is in no index; what an interrupted run (`resumed`) has staged is looked for then.

        Raises:
            ConflictError: it is published with other bytes.
            RepositoryError: an index names it, and it is missing.
            StoreError: the store failed.

        """
        if there is None and resumed:
            there = self._objects.sha256(location)
        if there is None:
            return artifact
        self._locations[artifact.path.name] = location
        return artifact if there == artifact.published_sha256 else self._adopted(artifact, location)

    def upload(self, artifact: Artifact, location: str) -> Artifact:
        """Have the package file at `location`, unless it is there already.

        Where another job was first, its signature counts. Errors as `as_published`.
        """
        if known := self._locations.get(artifact.path.name):
            self._objects.note_listed(known, artifact.published_sha256)
            return artifact
        if self._objects.put_immutable(location, artifact.path, artifact.published_sha256):
            return artifact
        adopted = self._adopted(artifact, location)
        self._objects.note_listed(location, adopted.published_sha256)
        return adopted

    def has(self, artifact: Artifact) -> bool:
        """Whether `as_published` found it there."""
        return artifact.path.name in self._locations

    def location(self, artifact: Artifact, otherwise: str) -> str:
        """Where a package file was found, or is put."""
        return self._locations.get(artifact.path.name, otherwise)

    def _adopted(self, artifact: Artifact, location: str) -> Artifact:
        with self._objects.open(location) as stream:
            return adopt(artifact, stream, self._objects.key(location))


def checked(location: str) -> str:
    """The location of a package file, which every store and client must understand.

    Raises:
        RepositoryError: some do not.

    """
    if not _PLAIN.fullmatch(location):
        raise RepositoryError(
            f"the file {location} cannot be published: object stores and clients disagree about '+' and '~' in "
            "names",
            fix="name it with letters, digits, '.', '_' and '-'",
        )
    return location
