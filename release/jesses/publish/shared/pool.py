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
        self._places: dict[str, str] = {}

    def as_published(self, artifact: Artifact, place: str, there: str | None, *, resumed: bool) -> Artifact:
        """`artifact` with the signature that it has in the repository: at `place`, with the digest `there`.

        None is for what is in no index; what an interrupted run (`resumed`) has staged is looked for then.

        Raises:
            ConflictError: it is published with other bytes.
            RepositoryError: an index names it, and it is missing.
            StoreError: the store failed.

        """
        if there is None and resumed:
            there = self._objects.sha256(place)
        if there is None:
            return artifact
        self._places[artifact.path.name] = place
        return artifact if there == artifact.published_sha256 else self._adopted(artifact, place)

    def upload(self, artifact: Artifact, place: str) -> Artifact:
        """Have the package file at `place`, unless it is there already.

        Where another job was first, its signature counts. Errors as `as_published`.
        """
        if known := self._places.get(artifact.path.name):
            self._objects.note_listed(known, artifact.published_sha256)
            return artifact
        if self._objects.put_immutable(place, artifact.path, artifact.published_sha256):
            return artifact
        adopted = self._adopted(artifact, place)
        self._objects.note_listed(place, adopted.published_sha256)
        return adopted

    def has(self, artifact: Artifact) -> bool:
        """Whether `as_published` found it there."""
        return artifact.path.name in self._places

    def place(self, artifact: Artifact, otherwise: str) -> str:
        """Where a package file was found, or is put."""
        return self._places.get(artifact.path.name, otherwise)

    def _adopted(self, artifact: Artifact, place: str) -> Artifact:
        with self._objects.open(place) as stream:
            return adopt(artifact, stream, self._objects.key(place))


def checked(place: str) -> str:
    """The place of a package file, which every store and client must understand.

    Raises:
        RepositoryError: some do not.

    """
    if not _PLAIN.fullmatch(place):
        raise RepositoryError(
            f"the file {place} cannot be published: object stores and clients disagree about '+' and '~' in "
            "names",
            fix="name it with letters, digits, '.', '_' and '-'",
        )
    return place
