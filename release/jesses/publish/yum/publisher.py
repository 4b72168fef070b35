"""A YUM repository in a store: clients never see half of it, and any number of jobs may publish at once.

*Check* reads the lists, which say what is there; *stage* writes package files and a snapshot of the next lists;
*commit* swaps the pointer. When another job was faster, the lists are made again with its packages kept, and the
swap is tried again.
"""

import posixpath
from collections.abc import Callable, Sequence
from typing import Final

from jesses.base.artifact import Artifact
from jesses.base.errors import RepositoryError
from jesses.base.retry import pause
from jesses.package.formats import rpm_file
from jesses.publish import Publication
from jesses.publish.shared.client_setup import ClientSetup
from jesses.publish.shared.instructions import yum_lines
from jesses.publish.shared.objects import RepositoryObjects
from jesses.publish.shared.pool import Pool, checked
from jesses.publish.yum.lists import UP, Lists
from jesses.publish.yum.metadata import IndexedPackage, describe
from jesses.publish.yum.repository import POINTER, Snapshot, Update, YumRepository
from jesses.signing import Signer
from jesses.signing.rotation import one_block_each
from jesses.stores import Store

PACKAGES: Final = "packages"


class YumPublisher:
    """Publishes RPM files to the YUM repository below `prefix`, which users reach at `url`.

    `name` is the project's, and the file name of its key. `clock` gives seconds since 1970 UTC. `copies` are
    kept for users with a baseurl too. `wait` is called with the number of a failed attempt, when another job
    was faster.
    """

    name = "yum"

    def __init__(  # noqa: PLR0913 - everything comes from outside, by keyword
        self,
        *,
        store: Store,
        prefix: str,
        url: str,
        name: str,
        signer: Signer | None,
        clock: Callable[[], float],
        copies: bool = True,
        wait: Callable[[int], object] = pause,
    ) -> None:
        self._objects = RepositoryObjects(store, prefix)
        self._repository = YumRepository(
            objects=self._objects, url=url, signer=signer, clock=clock, copies=copies, wait=wait
        )
        self._url = url
        self._project = name
        self._signer = signer
        self._for_users = ClientSetup(self._objects, self._key_and_source(copies=copies))
        self._pool = Pool(self._objects)
        self._snapshot = Snapshot()
        self._packages: tuple[IndexedPackage, ...] = ()
        self._locations: tuple[str, ...] = ()
        self._update = Update()

    def check(self, artifacts: Sequence[Artifact], *, resumed: bool = False) -> tuple[Artifact, ...]:
        """Compare with the lists; a package that is there keeps the signature that it has.

        Raises:
            ConflictError: a package is already published with other bytes.
            FormatError: an artifact is no RPM file.
            RepositoryError: the repository is damaged, or another key signed it.
            StoreError: the store failed.

        """
        if not any(map(_is_rpm, artifacts)):
            return tuple(artifacts)
        self._snapshot = self._repository.read()
        return tuple(self._as_published(artifact, resumed=resumed) for artifact in artifacts)

    def stage(self, artifacts: Sequence[Artifact]) -> tuple[Artifact, ...]:
        """Upload package files and the next lists.

        Raises:
            ConflictError: another job has published one of them with other bytes since the check.
            RepositoryError: a package is not signed, but the repository is.
            StoreError: the store failed.

        """
        rpms = sorted(filter(_is_rpm, artifacts), key=lambda artifact: artifact.path.name)
        if not rpms:
            return tuple(artifacts)
        for artifact in rpms:
            self._check_signed(artifact)
        staged = {artifact.path: self._upload(artifact) for artifact in rpms}
        self._packages = tuple(map(_describe, staged.values()))
        self._locations = tuple(self._pool.place(artifact, _location(artifact)) for artifact in rpms)
        snapshot, self._snapshot = self._snapshot, Snapshot()
        self._update = self._repository.prepare(snapshot, self._added, sources=self._for_users.digest)
        return tuple(staged.get(artifact.path, artifact) for artifact in artifacts)

    def verify(self) -> None:
        self._objects.verify()

    def commit(self) -> Publication:
        """Make the packages visible, all architectures at once.

        Raises:
            ConflictError: another job published one of them with other bytes in the meantime.
            RepositoryError: the repository was damaged in the meantime.
            StoreError: the store failed, or other jobs were faster each time.

        """
        if self._packages:
            self._for_users.publish(self._update.before.sources)
            self._repository.edit(self._added, sources=self._for_users.digest, prepared=self._update)
        return Publication(
            publisher=self.name,
            location=self._url,
            uploaded=self._objects.uploaded,
            present=self._objects.present,
            instructions=self._instructions() if self._packages else (),
            pointers=self._objects.pointers,
            objects={
                posixpath.basename(location): self._objects.key(location) for location in self._locations
            },
        )

    def _as_published(self, artifact: Artifact, *, resumed: bool) -> Artifact:
        if not _is_rpm(artifact):
            return artifact
        place, there = _location(artifact), None
        for listed in self._snapshot.lists.find(_describe(artifact).nevra):
            place, there = listed.href.removeprefix(UP), listed.sha256
        published = self._pool.as_published(artifact, place, there, resumed=resumed)
        if self._pool.has(published):
            self._check_signed(published)
        return published

    def _upload(self, artifact: Artifact) -> Artifact:
        published = self._pool.upload(artifact, _location(artifact))
        self._check_signed(published)
        return published

    def _check_signed(self, artifact: Artifact) -> None:
        with artifact.path.open("rb") as stream:
            signed = rpm_file.read(stream).signed
        if self._signer and not signed:
            raise RepositoryError(
                f"{_location(artifact)} is not signed, and users of a signed repository could not install it",
                fix="sign it before it is published; what is published unsigned stays so: release a new version",
            )

    def _added(self, lists: Lists) -> Lists:
        return lists.add(self._packages)

    def _key_and_source(self, *, copies: bool) -> dict[str, bytes]:
        key = one_block_each(self._signer.public_key) if self._signer else b""
        public = {f"{self._project}.asc": key} if self._signer else {}
        return {**public, f"{self._project}.repo": self._source(copies=copies).encode()}

    def _source(self, *, copies: bool) -> str:
        """The `.repo` file (dnf.conf(5), "Repo Options")."""
        signed = int(self._signer is not None)
        key = f"gpgkey={self._url}/{self._project}.asc\n" if self._signer else ""
        # With both, dnf would take the baseurl first.
        base = f"# where mirrorlists do not work:\n#baseurl={self._url}/\n" if copies else ""
        return (
            f"[{self._project}]\nname={self._project}\nmirrorlist={self._url}/{POINTER}\n{base}enabled=1\n"
            f"gpgcheck={signed}\nrepo_gpgcheck={signed}\n{key}"
        )

    def _instructions(self) -> tuple[str, ...]:
        names = (package.nevra.name for package in self._packages)
        return yum_lines(url=self._url, project=self._project, packages=names)


def _describe(artifact: Artifact) -> IndexedPackage:
    with artifact.path.open("rb") as stream:
        rpm = rpm_file.read(stream)
    location = UP + _location(artifact)
    return describe(rpm, sha256=artifact.published_sha256, size=artifact.size, location=location)


def _is_rpm(artifact: Artifact) -> bool:
    return artifact.kind == "rpm"


def _location(artifact: Artifact) -> str:
    return checked(f"{PACKAGES}/{artifact.path.name}")
