"""An APT repository in a store: clients never see half of it, and any number of jobs may publish at once.

*Check* reads the index, which says what is there; *stage* writes package files below `pool` and the next indexes
below `by-hash`; *commit* swaps the pointer. When another job was faster, the indexes are made again with its
packages kept, and the swap is tried again.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from release.artifact import Artifact
from release.compression.cache import Cache
from release.compression.deflate import deflate
from release.compression.growing import Remembered
from release.errors import RepositoryError
from release.formats import deb
from release.publishers import Publication, apt_index
from release.publishers.apt_contents import PackageFiles
from release.publishers.apt_index import Index, Stanza
from release.publishers.apt_metadata import sources, sources_digest
from release.publishers.apt_repository import COMPONENT, AptRepository, Snapshot, Update
from release.publishers.install import KEYRINGS, SUITE, apt_lines, apt_source
from release.publishers.objects import Objects
from release.publishers.signed import adopt
from release.retry import pause
from release.signing import Signer
from release.stores import Store

# A store reads "+" as a blank, apt asks for "~" as "%7e".
_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True)
class _PoolFile:
    path: Path
    sha256: str
    stanza: Stanza


class AptPublisher:
    """Publishes DEB files to a suite of the APT repository below `prefix`, which users reach at `url`.

    `name` is the project's, and the file name of its key. `clock` gives seconds since 1970 UTC. `copies` are
    written for clients without by-hash too; `contents`: the index of the files that packages have is kept too.
    `cache` keeps what was compressed for the next run. `wait` is called with the number of a failed attempt,
    when another job was faster.
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
        suite: str = SUITE,
        copies: bool = True,
        contents: bool = False,
        cache: Cache | None = None,
        wait: Callable[[int], object] = pause,
    ) -> None:
        self._objects = Objects(store, prefix)
        self._repository = AptRepository(
            objects=self._objects,
            suite=suite,
            origin=name,
            signer=signer,
            clock=clock,
            copies=copies,
            files=PackageFiles(self._objects, self._at_hand) if contents else None,
            deflater=Remembered(cache=cache) if cache else deflate,
            wait=wait,
        )
        self._url = url
        self._project = name
        self._signer = signer
        self._suite = suite
        self._source = apt_source(name, suite)
        self._files: tuple[_PoolFile, ...] = ()
        self._present: dict[str, str] = {}
        self._snapshot = Snapshot()
        self._update = Update()

    def check(self, artifacts: Sequence[Artifact], *, resumed: bool = False) -> tuple[Artifact, ...]:
        """Compare with the index; a package that is there keeps the signature that it has.

        Raises:
            ConflictError: a package is already published with other bytes.
            FormatError: an artifact is no DEB file.
            RepositoryError: the repository is damaged, or another key signed it.
            StoreError: the store failed.

        """
        if not _debs(artifacts):
            return tuple(artifacts)
        self._snapshot = self._repository.read()
        return tuple(self._as_published(artifact, resumed=resumed) for artifact in artifacts)

    def stage(self, artifacts: Sequence[Artifact]) -> tuple[Artifact, ...]:
        """Upload package files and the next indexes.

        Raises:
            ConflictError: another job has published one of them with other bytes since the check.
            StoreError: the store failed.

        """
        staged = {artifact.path: self._upload(artifact) for artifact in _debs(artifacts)}
        self._files = tuple(map(_pool_file, staged.values()))
        if self._files:
            self._update = self._repository.prepare(self._snapshot, self._added)
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
        if self._files:
            self._publish_key_and_source()
            self._repository.edit(self._added, sources=self._sources_digest(), prepared=self._update)
        return Publication(
            publisher=self.name,
            location=self._url,
            uploaded=self._objects.uploaded,
            present=self._objects.present,
            instructions=self._instructions() if self._files else (),
            pointers=self._objects.pointers,
            objects={file.path.name: self._objects.key(file.stanza.filename) for file in self._files},
        )

    def _as_published(self, artifact: Artifact, *, resumed: bool) -> Artifact:
        if artifact.kind != "deb":
            return artifact
        stanza = _pool_file(artifact).stanza
        listed = apt_index.find(self._snapshot.indexes, stanza.identity)
        place = listed.filename if listed else stanza.filename
        there = listed.sha256 if listed else None
        if there is None and resumed:
            # What an interrupted run has staged is in no index yet.
            there = self._objects.sha256(place)
        if there is None:
            return artifact
        self._present[artifact.path.name] = place
        return artifact if there == artifact.published_sha256 else self._adopted(artifact, place)

    def _adopted(self, artifact: Artifact, place: str) -> Artifact:
        with self._objects.open(place) as stream:
            return adopt(artifact, stream, self._objects.key(place))

    def _upload(self, artifact: Artifact) -> Artifact:
        if place := self._present.get(artifact.path.name):
            self._objects.note_listed(place, artifact.published_sha256)
            return artifact
        file = _pool_file(artifact)
        if self._objects.put_immutable(file.stanza.filename, file.path, file.sha256):
            return artifact
        # Another job was first, and its signature counts.
        adopted = self._adopted(artifact, file.stanza.filename)
        self._objects.note_listed(file.stanza.filename, adopted.published_sha256)
        return adopted

    def _added(self, indexes: Mapping[str, Index]) -> Mapping[str, Index]:
        return apt_index.add(indexes, [file.stanza for file in self._files])

    def _at_hand(self, stanza: Stanza) -> Path | None:
        return next((file.path for file in self._files if file.stanza == stanza), None)

    # What users install

    def _publish_key_and_source(self) -> None:
        """Write them before the pointer says that they are there."""
        for name, data in self._for_users().items():
            if self._update.before.sources == self._sources_digest():
                self._objects.note_pointer(name)
            else:
                self._objects.replace(name, data)

    def _sources_digest(self) -> str:
        return sources_digest(*self._for_users().values())

    def _for_users(self) -> dict[str, bytes]:
        key = f"{KEYRINGS}/{self._project}.asc" if self._signer else None
        source = sources(url=self._url, suite=self._suite, component=COMPONENT, key=key)
        public = {f"{self._project}.asc": self._signer.public_key} if self._signer else {}
        return {**public, f"{self._source}.sources": source.encode()}

    def _instructions(self) -> tuple[str, ...]:
        return apt_lines(
            url=self._url,
            project=self._project,
            source=self._source,
            packages=(file.stanza.package for file in self._files),
            signed=self._signer is not None,
        )


def _pool_file(artifact: Artifact) -> _PoolFile:
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
        sha256=sha256,
        stanza=Stanza.of(control, filename=filename, size=artifact.size, sha256=sha256),
    )


def _debs(artifacts: Sequence[Artifact]) -> list[Artifact]:
    return sorted(
        (artifact for artifact in artifacts if artifact.kind == "deb"),
        key=lambda artifact: artifact.path.name,
    )
