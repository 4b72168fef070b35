"""A YUM repository in a store: clients never see half of it, and any number of jobs may publish at once.

*Check* reads the lists, which say what is there; *stage* writes package files and a snapshot of the next lists;
*commit* swaps the pointer. When another job was faster, the lists are made again with its packages kept, and the
swap is tried again.
"""

import hashlib
import posixpath
import re
from collections.abc import Callable, Sequence
from typing import Final

from release.artifact import Artifact
from release.errors import RepositoryError
from release.formats import rpm_file
from release.publishers import Publication
from release.publishers.install import yum_lines
from release.publishers.objects import Objects
from release.publishers.signed import adopt
from release.publishers.yum_lists import UP, Lists
from release.publishers.yum_metadata import IndexedPackage, describe
from release.publishers.yum_repository import POINTER, Snapshot, Update, YumRepository
from release.retry import pause
from release.signing import Signer
from release.signing.rotation import one_block_each
from release.stores import Store

PACKAGES: Final = "packages"

# A store reads "+" as a blank, clients ask for "~" as "%7e".
_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]+")


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
        self._objects = Objects(store, prefix)
        self._repository = YumRepository(
            objects=self._objects, url=url, signer=signer, clock=clock, copies=copies, wait=wait
        )
        self._url = url
        self._project = name
        self._signer = signer
        self._copies = copies
        self._snapshot = Snapshot()
        self._present: dict[str, str] = {}
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
        self._locations = tuple(
            self._present.get(artifact.path.name, _location(artifact)) for artifact in rpms
        )
        snapshot, self._snapshot = self._snapshot, Snapshot()
        self._update = self._repository.prepare(snapshot, self._added, sources=self._sources_digest())
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
            self._publish_key_and_source()
            self._repository.edit(self._added, sources=self._sources_digest(), prepared=self._update)
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
        if there is None and resumed:
            # What an interrupted run has staged is in no list yet.
            there = self._objects.sha256(place)
        if there is None:
            return artifact
        self._present[artifact.path.name] = place
        published = artifact if there == artifact.published_sha256 else self._adopt(artifact, place)
        self._check_signed(published)
        return published

    def _adopt(self, artifact: Artifact, place: str) -> Artifact:
        with self._objects.open(place) as stream:
            return adopt(artifact, stream, place)

    def _upload(self, artifact: Artifact) -> Artifact:
        location, digest = _location(artifact), artifact.published_sha256
        if place := self._present.get(artifact.path.name):
            self._objects.note_listed(place, digest)
        elif not self._objects.put_immutable(location, artifact.path, digest):
            # Another job was first, and its signature counts.
            published = self._adopt(artifact, location)
            self._check_signed(published)
            self._objects.note_listed(location, published.published_sha256)
            return published
        return artifact

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

    # What users install

    def _publish_key_and_source(self) -> None:
        """Write them before the pointer says that they are there."""
        for name, data in self._for_users().items():
            if self._update.before.sources == self._sources_digest():
                self._objects.note_pointer(name)
            else:
                self._objects.replace(name, data)

    def _sources_digest(self) -> str:
        return hashlib.sha256(b"\0".join(self._for_users().values())).hexdigest()

    def _for_users(self) -> dict[str, bytes]:
        key = one_block_each(self._signer.public_key) if self._signer else b""
        public = {f"{self._project}.asc": key} if self._signer else {}
        return {**public, f"{self._project}.repo": self._source().encode()}

    def _source(self) -> str:
        """The `.repo` file (dnf.conf(5), "Repo Options")."""
        signed = int(self._signer is not None)
        key = f"gpgkey={self._url}/{self._project}.asc\n" if self._signer else ""
        # With both, dnf would take the baseurl first.
        base = f"# where mirrorlists do not work:\n#baseurl={self._url}/\n" if self._copies else ""
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
    name = artifact.path.name
    if not _PLAIN.fullmatch(name):
        raise RepositoryError(
            f"the file {name} cannot be published: object stores and clients disagree about '+' and '~' in names",
            fix="name it with letters, digits, '.', '_' and '-'",
        )
    return f"{PACKAGES}/{name}"
