"""A YUM repository in a store: clients never see half of it, and any number of jobs may publish at once.

*Stage* writes package files and the next lists of packages; *commit* swaps the pointer. When another job was
faster, the lists are made again with its packages kept, and the swap is tried again.
"""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from release.artifact import Artifact
from release.errors import ConflictError, FormatError, RepositoryError, StoreError
from release.formats import rpm_file
from release.publishers import Publication, yum_index
from release.publishers.retry import TRIES, pause
from release.publishers.yum_metadata import IndexedPackage, describe
from release.publishers.yum_repository import Snapshot, YumRepository
from release.signing import Signer
from release.stores import Store

PACKAGES: Final = "packages"

# A store reads "+" as a blank, clients ask for "~" as "%7e".
_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True)
class _PoolFile:
    """A package file as the pool has it, or will have it; its digest is `package.sha256`."""

    artifact: Artifact
    location: str
    package: IndexedPackage
    present: bool


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
        self._url = url
        self._project = name
        self._signer = signer
        self._clock = clock
        self._wait = wait
        self._files: tuple[_PoolFile, ...] = ()
        self._revision: _Revision | None = None

    def stage(self, artifacts: Sequence[Artifact]) -> None:
        """Upload package files and the next lists.

        A package that is there already with another signature stays as it is: signatures differ each time.

        Raises:
            ConflictError: a package is already published with other bytes; nothing has changed by then.
            FormatError: an artifact is no RPM file.
            RepositoryError: the repository is damaged or another key signed it; nothing has changed by then.
            StoreError: the store failed.

        """
        rpms = sorted(
            (artifact for artifact in artifacts if artifact.kind == "rpm"),
            key=lambda artifact: artifact.path.name,
        )
        if not rpms:
            return
        # In this order: what the snapshot lists is in the pool by now, with the signature that counts.
        snapshot = self._repository.read()
        files = [self._pool_file(artifact) for artifact in rpms]
        snapshot.lists.missing(file.package for file in files)
        self._files = tuple(self._upload(file) for file in files)
        self._stage_revision(snapshot)

    def verify(self) -> None:
        self._repository.verify_staged()

    def commit(self) -> Publication:
        """Make the packages visible, all architectures at once.

        Raises:
            ConflictError: another job published one of them with other bytes in the meantime.
            RepositoryError: the repository was damaged in the meantime.
            StoreError: the store failed, or other jobs were faster each time.

        """
        if self._files:
            self._swap()
            self._repository.refresh_signature()
            self._publish_key_and_source()
        return Publication(
            publisher=self.name,
            location=self._url,
            uploaded=self._repository.uploaded,
            present=self._repository.present,
            instructions=self._instructions() if self._files else (),
        )

    def _pool_file(self, artifact: Artifact) -> _PoolFile:
        name = artifact.path.name
        if not _PLAIN.fullmatch(name):
            raise RepositoryError(
                f"the file {name} cannot be published: object stores and clients disagree about '+' and '~' "
                "in names",
                fix="name it with letters, digits, '.', '_' and '-'",
            )
        location = f"{PACKAGES}/{name}"
        digest = self._repository.sha256(location)
        if digest in {None, artifact.published_sha256}:
            with artifact.path.open("rb") as stream:
                package = self._describe(stream, artifact.published_sha256, artifact.size, location)
        else:
            package = self._other_signature(artifact, digest or "", location)
        return _PoolFile(artifact=artifact, location=location, package=package, present=digest is not None)

    def _other_signature(self, artifact: Artifact, digest: str, location: str) -> IndexedPackage:
        """What is stored at `location`, where that is `artifact` but for its signature."""
        data = self._repository.fetch(location)
        try:
            unsigned = rpm_file.unsigned_sha256(io.BytesIO(data))
        except FormatError:
            unsigned = digest
        if unsigned != artifact.sha256:
            raise ConflictError(
                f"{location} is already published with other bytes",
                fix="a published version never changes: release a new one",
            )
        return self._describe(io.BytesIO(data), digest, len(data), location)

    def _describe(self, stream: BinaryIO, sha256: str, size: int, location: str) -> IndexedPackage:
        rpm = rpm_file.read(stream)
        if self._signer and not rpm.signed:
            raise RepositoryError(
                f"{location} is not signed, and users of a signed repository could not install it",
                fix="sign it before it is published; what is published unsigned stays so: release a new version",
            )
        return describe(rpm, sha256=sha256, size=size, location=location)

    def _upload(self, file: _PoolFile) -> _PoolFile:
        if file.present:
            self._repository.note(file.location, file.package.sha256)
            return file
        if self._repository.put_immutable(file.location, file.artifact.path, file.package.sha256):
            return file
        # Another job was first: its signature counts.
        return self._upload(self._pool_file(file.artifact))

    def _stage_revision(self, snapshot: Snapshot) -> None:
        missing = snapshot.lists.missing(file.package for file in self._files)
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
        source = f"{self._project}.repo"
        packages = " ".join(sorted({file.artifact.name for file in self._files}))
        return (
            f"sudo curl -fsSL -o /etc/yum.repos.d/{source} {self._url}/{source}",
            f"sudo dnf install {packages}",
        )
