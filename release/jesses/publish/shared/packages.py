"""Packages published to a repository with indexes, as APT and YUM do alike.

*Check* reads the indexes, which say what is there; *stage* writes package files and the next indexes, which nobody
sees yet; *commit* lets the pointer name them. When another job was faster, the indexes are made again with its
packages kept, and the pointer is swapped again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from jesses.base.artifact import Artifact, ArtifactKind
from jesses.publish import Edit, Publication
from jesses.publish.shared.client_setup import ClientSetup
from jesses.publish.shared.edit import Repository, edit
from jesses.publish.shared.objects import RepositoryObjects
from jesses.publish.shared.pool import Pool


class Snapshot(Protocol):
    """A repository as its pointer showed it; `sources` is the digest of the files for users that it names."""

    @property
    def sources(self) -> str: ...


PackageT = TypeVar("PackageT")
"""A package as the indexes list it."""
IndexesT = TypeVar("IndexesT")
SnapshotT = TypeVar("SnapshotT", bound=Snapshot)
BeforeT_contra = TypeVar("BeforeT_contra", bound=Snapshot, contravariant=True)
UpdateT = TypeVar("UpdateT")
"""What was staged to follow a snapshot."""


class PackageFormat(Protocol[PackageT, BeforeT_contra, IndexesT]):
    """What one kind of packages is to its repository."""

    @property
    def kind(self) -> ArtifactKind: ...

    def location(self, artifact: Artifact) -> str:
        """Where a new package file is put, below the repository."""

    def find(self, before: BeforeT_contra, artifact: Artifact) -> tuple[str, str | None]:
        """Where the indexes list a package, and its digest there; else where it would be put, and None."""

    def check(self, artifact: Artifact) -> None:
        """Raise `RepositoryError` where users of the repository could not install the package."""

    def describe(self, artifact: Artifact, location: str) -> PackageT:
        """The package file at `location`, as the indexes list it."""

    def add(self, packages: Collection[PackageT]) -> Edit[IndexesT]:
        """The change that lists `packages`; it raises `ConflictError` where other files are listed as these."""

    def instructions(self, packages: Collection[PackageT]) -> tuple[str, ...]:
        """The lines that a user copies to install them."""


@dataclass(kw_only=True)
class PackagePublisher(Generic[PackageT, SnapshotT, UpdateT, IndexesT]):
    """Publishes packages of one `format` to the `repository` that `objects` are, which users reach at `url`.

    `setup` has the files that users install before their first package.
    """

    name: str
    url: str
    format: PackageFormat[PackageT, SnapshotT, IndexesT]
    objects: RepositoryObjects
    repository: Repository[SnapshotT, UpdateT, IndexesT]
    setup: ClientSetup
    _pool: Pool = field(init=False)
    _before: SnapshotT | None = field(init=False, default=None)
    _vouched: str = field(init=False, default="")
    _locations: dict[Path, str] = field(init=False, default_factory=dict)
    _packages: tuple[PackageT, ...] = field(init=False, default=())
    _update: UpdateT | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._pool = Pool(self.objects)

    def check(self, artifacts: Sequence[Artifact], *, resumed: bool = False) -> tuple[Artifact, ...]:
        """Compare with the indexes; a package that is there keeps the signature that it has.

        Raises:
            ConflictError: a package is already published with other bytes.
            FormatError: an artifact is no such package.
            RepositoryError: the repository is damaged, or another key signed it.
            StoreError: the store failed.

        """
        if not self._own(artifacts):
            return tuple(artifacts)
        self._before = before = self.repository.read()
        return tuple(
            self._as_published(artifact, before, resumed=resumed) if self._is_own(artifact) else artifact
            for artifact in artifacts
        )

    def stage(self, artifacts: Sequence[Artifact]) -> tuple[Artifact, ...]:
        """Upload package files and the next indexes.

        Raises:
            ConflictError: another job has published one of them with other bytes since the check.
            RepositoryError: users could not install a package.
            StoreError: the store failed.

        """
        own = self._own(artifacts)
        if not own:
            return tuple(artifacts)
        for artifact in own:
            self.format.check(artifact)
        staged = {artifact.path: self._upload(artifact) for artifact in own}
        self._packages = tuple(
            self.format.describe(artifact, self._locations[path]) for path, artifact in staged.items()
        )
        # Who is refused at the commit reads again: nobody needs the old indexes then, and they are large.
        before, self._before = self._before or self.repository.read(), None
        self._vouched = before.sources
        self._update = self.repository.prepare(
            before, self.format.add(self._packages), sources=self.setup.digest
        )
        return tuple(staged.get(artifact.path, artifact) for artifact in artifacts)

    def verify(self) -> None:
        """See `Publisher.verify`."""
        self.objects.verify()

    def commit(self) -> Publication:
        """Make the packages visible, all architectures at once.

        Raises:
            ConflictError: another job published one of them with other bytes in the meantime.
            RepositoryError: the repository was damaged in the meantime.
            StoreError: the store failed, or other jobs were faster each time.

        """
        if self._packages:
            self.setup.publish(self._vouched)
            change = self.format.add(self._packages)
            edit(self.repository, change, sources=self.setup.digest, prepared=self._update)
        return Publication(
            publisher=self.name,
            location=self.url,
            uploaded=self.objects.uploaded,
            present=self.objects.present,
            instructions=self.format.instructions(self._packages) if self._packages else (),
            pointers=self.objects.pointers,
            objects={path.name: self.objects.key(location) for path, location in self._locations.items()},
        )

    def _is_own(self, artifact: Artifact) -> bool:
        return artifact.kind == self.format.kind

    def _own(self, artifacts: Sequence[Artifact]) -> list[Artifact]:
        return sorted(filter(self._is_own, artifacts), key=lambda artifact: artifact.path.name)

    def _as_published(self, artifact: Artifact, before: SnapshotT, *, resumed: bool) -> Artifact:
        location, digest = self.format.find(before, artifact)
        published = self._pool.as_published(artifact, location, digest, resumed=resumed)
        if self._pool.has(published):
            self.format.check(published)
        return published

    def _upload(self, artifact: Artifact) -> Artifact:
        location = self._pool.location(artifact, self.format.location(artifact))
        self._locations[artifact.path] = location
        published = self._pool.upload(artifact, location)
        if published is not artifact:
            self.format.check(published)
        return published
