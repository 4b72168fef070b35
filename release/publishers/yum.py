"""A YUM repository in a store: clients never see half of it, and any number of jobs may publish at once.

*Check* reads what is there; *stage* writes package files and the next lists of packages; *commit* swaps the
pointer. When another job was faster, the lists are made again with its packages kept, and the swap is tried
again.
"""

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from release.artifact import Artifact
from release.errors import RepositoryError, StoreError
from release.formats import rpm_file
from release.publishers import Publication, yum_index
from release.publishers.install import yum_lines
from release.publishers.signed import adopt
from release.publishers.yum_metadata import IndexedPackage, describe
from release.publishers.yum_repository import Snapshot, YumRepository
from release.retry import TRIES, pause
from release.signing import Signer
from release.stores import Store

PACKAGES: Final = "packages"

# A store reads "+" as a blank, clients ask for "~" as "%7e".
_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True)
class _Revision:
    """What is to follow the pointer that had `token`."""

    repomd: bytes
    token: str | None


class YumPublisher:
    """Publishes RPM files to the YUM repository below `prefix`, which users reach at `url`.

    `name` is the project's, and the file name of its key. `clock` gives seconds since 1970 UTC. `wait` is
    called with the number of a failed attempt, when another job was faster.
    """

    name = "yum"

    def __init__(
        self,
        *,
        store: Store,
        prefix: str,
        url: str,
        name: str,
        signer: Signer | None,
        clock: Callable[[], float],
        wait: Callable[[int], object] = pause,
    ) -> None:
        self._repository = YumRepository(store=store, prefix=prefix, signer=signer)
        self._prefix = prefix
        self._url = url
        self._project = name
        self._signer = signer
        self._clock = clock
        self._wait = wait
        self._snapshot = Snapshot()
        self._present: set[str] = set()
        self._packages: tuple[IndexedPackage, ...] = ()
        self._locations: tuple[str, ...] = ()
        self._revision: _Revision | None = None

    def check(self, artifacts: Sequence[Artifact]) -> tuple[Artifact, ...]:
        """Compare with the pool and the lists; a package that is there keeps the signature that it has.

        Raises:
            ConflictError: a package is already published with other bytes.
            FormatError: an artifact is no RPM file.
            RepositoryError: the repository is damaged, or another key signed it.
            StoreError: the store failed.

        """
        if not any(map(_is_rpm, artifacts)):
            return tuple(artifacts)
        # In this order: what the snapshot lists is in the pool by now, with the signature that counts.
        self._snapshot = self._repository.read()
        checked = tuple(map(self._as_published, artifacts))
        self._snapshot.lists.missing(self._describe(artifact) for artifact in filter(_is_rpm, checked))
        return checked

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
        if list(staged.values()) != rpms:
            # Another job was first, and may have listed its packages too.
            self._snapshot = self._repository.read()
        self._packages = tuple(map(self._describe, staged.values()))
        self._locations = tuple(map(_location, rpms))
        self._stage_revision(self._snapshot)
        return tuple(staged.get(artifact.path, artifact) for artifact in artifacts)

    def verify(self) -> None:
        self._repository.verify_staged()

    def commit(self) -> Publication:
        """Make the packages visible, all architectures at once.

        Raises:
            ConflictError: another job published one of them with other bytes in the meantime.
            RepositoryError: the repository was damaged in the meantime.
            StoreError: the store failed, or other jobs were faster each time.

        """
        if self._packages:
            self._swap()
            self._repository.refresh_signature()
            self._publish_key_and_source()
        return Publication(
            publisher=self.name,
            location=self._url,
            uploaded=self._repository.uploaded,
            present=self._repository.present,
            instructions=self._instructions() if self._packages else (),
            pointers=tuple(dict.fromkeys(self._repository.pointers)) if self._packages else (),
            objects={
                posixpath.basename(location): f"{self._prefix}/{location}" for location in self._locations
            },
        )

    def _as_published(self, artifact: Artifact) -> Artifact:
        if not _is_rpm(artifact):
            return artifact
        location = _location(artifact)
        digest = self._repository.sha256(location)
        if digest is None:
            return artifact
        published = artifact if digest == artifact.published_sha256 else self._adopt(artifact)
        self._check_signed(published)
        self._present.add(location)
        return published

    def _adopt(self, artifact: Artifact) -> Artifact:
        location = _location(artifact)
        with self._repository.open(location) as stream:
            return adopt(artifact, stream, location)

    def _upload(self, artifact: Artifact) -> Artifact:
        location, digest = _location(artifact), artifact.published_sha256
        if location in self._present:
            self._repository.note(location, digest)
        elif not self._repository.put_immutable(location, artifact.path, digest):
            published = self._adopt(artifact)
            self._check_signed(published)
            self._repository.note(location, published.published_sha256)
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

    def _describe(self, artifact: Artifact) -> IndexedPackage:
        with artifact.path.open("rb") as stream:
            rpm = rpm_file.read(stream)
        return describe(
            rpm, sha256=artifact.published_sha256, size=artifact.size, location=_location(artifact)
        )

    def _stage_revision(self, snapshot: Snapshot) -> None:
        missing = snapshot.lists.missing(self._packages)
        if not missing and (snapshot.signed or self._signer is None):
            self._revision = None
            return
        lists = snapshot.lists.add(missing)
        packed = self._repository.put_lists(lists)
        repomd = yum_index.next_repomd(snapshot.repomd, lists, packed, now=int(self._clock()))
        self._repository.put_signature(repomd)
        self._revision = _Revision(repomd=repomd, token=snapshot.token)

    def _swap(self) -> None:
        for attempt in range(TRIES):
            revision = self._revision
            if revision is None or self._repository.swap(revision.repomd, revision.token):
                return
            self._wait(attempt)
            self._stage_revision(self._repository.read())
            self._repository.verify_staged()
        raise StoreError(
            f"the YUM repository at {self._url} keeps changing", fix="run again when other releases are done"
        )

    def _publish_key_and_source(self) -> None:
        if self._signer:
            self._repository.replace(f"{self._project}.asc", self._signer.public_key)
        self._repository.replace(f"{self._project}.repo", self._source().encode())

    def _source(self) -> str:
        """The `.repo` file (dnf.conf(5), "Repo Options")."""
        signed = int(self._signer is not None)
        key = f"gpgkey={self._url}/{self._project}.asc\n" if self._signer else ""
        return (
            f"[{self._project}]\nname={self._project}\nbaseurl={self._url}/\nenabled=1\n"
            f"gpgcheck={signed}\nrepo_gpgcheck={signed}\n{key}"
        )

    def _instructions(self) -> tuple[str, ...]:
        names = (package.nevra.name for package in self._packages)
        return yum_lines(url=self._url, project=self._project, packages=names)


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
