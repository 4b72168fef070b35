"""An APT repository in a store: clients never see half of it, and any number of jobs may publish at once.

*Check* reads what is there; *stage* writes package files below `pool` and the next indexes below `by-hash`;
*commit* swaps the pointer. When another job was faster, the indexes are made again with its packages kept, and
the swap is tried again.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from release.artifact import Artifact
from release.errors import RepositoryError, StoreError
from release.formats import deb
from release.publishers import Publication
from release.publishers.apt_metadata import Stanza, merge, sources, successor
from release.publishers.apt_repository import COMPONENT, AptRepository, Index, Snapshot, index_of
from release.publishers.install import KEYRINGS, apt_lines
from release.publishers.signed import adopt
from release.retry import TRIES, pause
from release.signing import Signer
from release.stores import Store

"""Where an administrator keeps keys (sources.list(5))."""

# A store reads "+" as a blank, apt asks for "~" as "%7e".
_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True)
class _PoolFile:
    path: Path
    key: str
    sha256: str
    stanza: Stanza


@dataclass(frozen=True, kw_only=True)
class _Update:
    """What is to follow `snapshot`: the indexes that change, by architecture; none where nothing is new."""

    snapshot: Snapshot
    indexes: Mapping[str, Index]


class AptPublisher:
    """Publishes DEB files to a suite of the APT repository below `prefix`, which users reach at `url`.

    `name` is the project's, and the file name of its key. `clock` gives seconds since 1970 UTC. `wait` is
    called with the number of a failed attempt, when another job was faster.
    """

    name = "apt"

    def __init__(  # noqa: PLR0913 - everything comes from outside, by keyword
        self,
        *,
        store: Store,
        prefix: str,
        url: str,
        name: str,
        signer: Signer | None,
        clock: Callable[[], float],
        suite: str = "stable",
        wait: Callable[[int], object] = pause,
    ) -> None:
        self._repository = AptRepository(store=store, prefix=prefix, suite=suite, signer=signer)
        self._url = url
        self._project = name
        self._signer = signer
        self._clock = clock
        self._suite = suite
        self._wait = wait
        self._files: tuple[_PoolFile, ...] = ()
        self._present: frozenset[str] = frozenset()
        self._update = _Update(snapshot=Snapshot(packages={}), indexes={})

    def check(self, artifacts: Sequence[Artifact]) -> tuple[Artifact, ...]:
        """Compare with the pool and the indexes; a package that is there keeps the signature that it has.

        Raises:
            ConflictError: a package is already published with other bytes.
            FormatError: an artifact is no DEB file.
            RepositoryError: the repository is damaged, or another key signed it.
            StoreError: the store failed.

        """
        checked = tuple(map(self._as_published, artifacts))
        self._prepare(checked)
        return checked

    def stage(self, artifacts: Sequence[Artifact]) -> tuple[Artifact, ...]:
        """Upload package files and the next indexes.

        Raises:
            ConflictError: another job has published one of them with other bytes since the check.
            StoreError: the store failed.

        """
        if [artifact.published_sha256 for artifact in _debs(artifacts)] != [
            file.sha256 for file in self._files
        ]:
            # Signed since the check.
            self._prepare(artifacts)
        for file in self._files:
            if file.key in self._present:
                self._repository.note_present(file.key, file.sha256)
            else:
                self._repository.put_immutable(file.key, file.path, file.sha256)
        self._stage_indexes()
        return tuple(artifacts)

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
            self._publish_key_and_source()
            self._swap()
            self._repository.refresh_copies()
        return Publication(
            publisher=self.name,
            location=self._url,
            uploaded=self._repository.uploaded,
            present=self._repository.present,
            instructions=self._instructions() if self._files else (),
            pointers=tuple(dict.fromkeys(self._repository.pointers)) if self._files else (),
            objects={file.path.name: file.key for file in self._files},
        )

    def _as_published(self, artifact: Artifact) -> Artifact:
        if artifact.kind != "deb":
            return artifact
        key = self._pool_file(artifact).key
        other = self._repository.open_other(key, artifact.published_sha256)
        if other is None:
            return artifact
        with other:
            return adopt(artifact, other, key)

    def _prepare(self, artifacts: Sequence[Artifact]) -> None:
        """Describe the packages, see which are there, and make the next indexes."""
        if debs := _debs(artifacts):
            self._files = tuple(self._pool_file(artifact) for artifact in debs)
            self._present = frozenset(
                file.key for file in self._files if self._repository.is_present(file.key, file.sha256)
            )
            self._update = self._next()

    def _pool_file(self, artifact: Artifact) -> _PoolFile:
        name, sha256 = artifact.path.name, artifact.published_sha256
        control = deb.read_control(artifact.path)
        package = Stanza.parse(control.encode()).package
        if not _PLAIN.fullmatch(package + name):
            raise RepositoryError(
                f"the file {name} of the package {package} cannot be published: object stores and apt disagree "
                "about '+' and '~' in names",
                fix="name it with letters, digits, '.', '_' and '-'",
            )
        filename = f"pool/{COMPONENT}/{package}/{name}"
        return _PoolFile(
            path=artifact.path,
            key=self._repository.key(filename),
            sha256=sha256,
            stanza=Stanza.of(control, filename=filename, size=artifact.size, sha256=sha256),
        )

    def _next(self) -> _Update:
        snapshot = self._repository.read()
        merged = merge(snapshot.packages, [file.stanza for file in self._files])
        changed = {
            architecture: index_of(packages)
            for architecture, packages in merged.items()
            if packages != snapshot.packages.get(architecture)
        }
        return _Update(snapshot=snapshot, indexes=changed)

    def _stage_indexes(self) -> None:
        for architecture, index in self._update.indexes.items():
            self._repository.put_index(architecture, index)

    def _swap(self) -> None:
        for attempt in range(TRIES):
            if not self._update.indexes or self._try_swap():
                return
            self._wait(attempt)
            self._update = self._next()
            self._stage_indexes()
            self._repository.verify_staged()
        raise StoreError(
            f"the APT repository at {self._url} keeps changing", fix="run again when other releases are done"
        )

    def _try_swap(self) -> bool:
        snapshot = self._update.snapshot
        release = successor(
            snapshot.release,
            {architecture: index.digests for architecture, index in self._update.indexes.items()},
            origin=self._project,
            suite=self._suite,
            component=COMPONENT,
            now=self._clock(),
        )
        return self._repository.swap(release, snapshot.token)

    def _publish_key_and_source(self) -> None:
        key = f"{KEYRINGS}/{self._project}.asc" if self._signer else None
        source = sources(url=self._url, suite=self._suite, component=COMPONENT, key=key)
        if self._signer:
            self._repository.replace(self._repository.key(f"{self._project}.asc"), self._signer.public_key)
        self._repository.replace(self._repository.key(f"{self._project}.sources"), source.encode())

    def _instructions(self) -> tuple[str, ...]:
        return apt_lines(
            url=self._url,
            project=self._project,
            packages=(file.stanza.package for file in self._files),
            signed=self._signer is not None,
        )


def _debs(artifacts: Sequence[Artifact]) -> list[Artifact]:
    return sorted(
        (artifact for artifact in artifacts if artifact.kind == "deb"),
        key=lambda artifact: artifact.path.name,
    )
