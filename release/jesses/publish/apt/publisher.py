"""An APT repository in a store: clients never see half of it, and any number of jobs may publish at once.

*Check* reads the index, which says what is there; *stage* writes package files below `pool` and the next indexes
below `by-hash`; *commit* swaps the pointer. When another job was faster, the indexes are made again with its
packages kept, and the swap is tried again.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from jesses.base.artifact import Artifact
from jesses.base.retry import pause
from jesses.package.compression.cache import Cache
from jesses.package.compression.deflate import deflate
from jesses.package.compression.incremental import Remembered
from jesses.package.formats import deb_reader
from jesses.publish import Publication
from jesses.publish.apt import index
from jesses.publish.apt.contents import PackageFiles
from jesses.publish.apt.index import Index, Stanza
from jesses.publish.apt.metadata import sources
from jesses.publish.apt.repository import COMPONENT, AptRepository, Snapshot, Update
from jesses.publish.shared.client_setup import ClientSetup
from jesses.publish.shared.instructions import KEYRINGS, SUITE, apt_lines, apt_source
from jesses.publish.shared.objects import RepositoryObjects
from jesses.publish.shared.pool import Pool, checked
from jesses.signing import Signer
from jesses.stores import Store


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
        self._objects = RepositoryObjects(store, prefix)
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
        self._source = apt_source(name, suite)
        self._for_users = ClientSetup(self._objects, self._key_and_source(suite))
        self._pool = Pool(self._objects)
        self._stanzas: dict[Path, Stanza] = {}
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
        staged = {
            artifact.path: self._pool.upload(artifact, self._stanza(artifact).filename)
            for artifact in _debs(artifacts)
        }
        self._stanzas = {path: self._stanza(artifact) for path, artifact in staged.items()}
        if staged:
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
        if self._stanzas:
            self._for_users.publish(self._update.before.sources)
            self._repository.edit(self._added, sources=self._for_users.digest, prepared=self._update)
        return Publication(
            publisher=self.name,
            location=self._url,
            uploaded=self._objects.uploaded,
            present=self._objects.present,
            instructions=self._instructions() if self._stanzas else (),
            pointers=self._objects.pointers,
            objects={path.name: self._objects.key(stanza.filename) for path, stanza in self._stanzas.items()},
        )

    def _as_published(self, artifact: Artifact, *, resumed: bool) -> Artifact:
        if artifact.kind != "deb":
            return artifact
        stanza = self._stanza(artifact)
        listed = index.find(self._snapshot.indexes, stanza.identity)
        place, there = (listed.filename, listed.sha256) if listed else (stanza.filename, None)
        return self._pool.as_published(artifact, place, there, resumed=resumed)

    def _stanza(self, artifact: Artifact) -> Stanza:
        control = deb_reader.control(artifact.path)
        package = Stanza.parse(control.encode()).package
        place = checked(f"pool/{COMPONENT}/{package}/{artifact.path.name}")
        return Stanza.of(
            control,
            filename=self._pool.place(artifact, place),
            size=artifact.size,
            sha256=artifact.published_sha256,
        )

    def _added(self, indexes: Mapping[str, Index]) -> Mapping[str, Index]:
        return index.add(indexes, list(self._stanzas.values()))

    def _at_hand(self, stanza: Stanza) -> Path | None:
        return next((path for path, found in self._stanzas.items() if found == stanza), None)

    def _key_and_source(self, suite: str) -> dict[str, bytes]:
        key = f"{KEYRINGS}/{self._project}.asc" if self._signer else None
        source = sources(url=self._url, suite=suite, component=COMPONENT, key=key)
        public = {f"{self._project}.asc": self._signer.public_key} if self._signer else {}
        return {**public, f"{self._source}.sources": source.encode()}

    def _instructions(self) -> tuple[str, ...]:
        return apt_lines(
            url=self._url,
            project=self._project,
            source=self._source,
            packages=(stanza.package for stanza in self._stanzas.values()),
            signed=self._signer is not None,
        )


def _debs(artifacts: Sequence[Artifact]) -> list[Artifact]:
    return sorted(
        (artifact for artifact in artifacts if artifact.kind == "deb"),
        key=lambda artifact: artifact.path.name,
    )
