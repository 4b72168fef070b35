"""Plain files to download: tarballs, bills of materials, one signed list of their digests, and the latest.

The files are immutable; `SHA256SUMS` is the pointer. `latest/COMPONENT.json` follows it.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from semver import Version

from jesses.base.artifact import Artifact, ArtifactKind
from jesses.base.errors import ConflictError, StoreError
from jesses.package.formats.sbom import SUFFIX
from jesses.publish import Publication
from jesses.publish.files import latest
from jesses.publish.files.latest import Latest
from jesses.publish.files.sums import Sums
from jesses.publish.shared.objects import RepositoryObjects
from jesses.signing import Signer
from jesses.stores import Store

_PACKAGES: Final[frozenset[ArtifactKind]] = frozenset({"tarball", "deb", "rpm"})


class FilesPublisher:
    """Publishes tarballs, and the bills of materials of all packages, below `prefix` of a store.

    Users reach them under `url`. (An image may be built anew for the same version; its bill stays with it.)
    """

    name = "files"

    def __init__(self, *, store: Store, prefix: str, url: str, project: str, signer: Signer | None) -> None:
        self._objects = RepositoryObjects(store, prefix)
        self._sums = Sums(self._objects, signer)
        self._url = url
        self._project = project
        self._signer = signer
        self._artifacts: tuple[Artifact, ...] = ()
        self._absent: frozenset[str] = frozenset()

    @property
    def _lines(self) -> dict[str, str]:
        return {artifact.path.name: artifact.published_sha256 for artifact in self._artifacts}

    def check(
        self,
        artifacts: Sequence[Artifact],
        *,
        resumed: bool = False,  # noqa: ARG002 - everything is asked for anyway
    ) -> tuple[Artifact, ...]:
        packages = {artifact.path.name for artifact in artifacts if artifact.kind in _PACKAGES}
        self._artifacts = tuple(artifact for artifact in artifacts if _is_taken(artifact, packages))
        self._absent = frozenset(name for name in self._lines if not self._is_present(name))
        return tuple(artifacts)

    def stage(self, artifacts: Sequence[Artifact]) -> tuple[Artifact, ...]:
        for artifact in artifacts:
            name = artifact.path.name
            if name in self._absent and not self._objects.put_immutable(
                name, artifact.path, artifact.published_sha256
            ):
                raise self._conflict(name)
        return tuple(artifacts)

    def verify(self) -> None:
        for name, digest in self._lines.items():
            if self._objects.sha256(name) != digest:
                raise StoreError(
                    f"{self._objects.key(name)} is not what was uploaded", fix="check the store; run again"
                )

    def commit(self) -> Publication:
        lines = self._lines
        if self._signer:
            self._objects.replace(f"{self._project}.asc", self._signer.public_key)
        if lines:
            self._sums.edit(lambda there: {**there, **lines})
        for component, newest in self._by_component():
            latest.move_forward(self._objects, component, newest, url=self._url)
        return Publication(
            publisher=self.name,
            location=self._url,
            uploaded=self._objects.uploaded,
            present=len(lines) - len(self._absent),
            instructions=tuple(
                f"curl -fLO {self._url}/{artifact.path.name}"
                for artifact in self._artifacts
                if artifact.kind == "tarball"
            ),
            pointers=self._objects.pointers,
            objects={name: self._objects.key(name) for name in lines},
        )

    def _by_component(self) -> Iterator[tuple[str, Latest]]:
        """The tarballs of each component's version."""
        tarballs = [artifact for artifact in self._artifacts if artifact.kind == "tarball"]
        found: dict[str, tuple[Version, dict[str, str]]] = {}
        for artifact in tarballs:
            _, files = found.setdefault(artifact.component, (artifact.version, {}))
            files[artifact.path.name] = artifact.published_sha256
        for component, (version, files) in found.items():
            yield component, Latest(version=version, files=files)

    def _is_present(self, name: str) -> bool:
        digest = self._objects.sha256(name)
        if digest not in {None, self._lines[name]}:
            raise self._conflict(name)
        return digest is not None

    def _conflict(self, name: str) -> ConflictError:
        return ConflictError(
            f"{self._objects.key(name)} is already published with other bytes",
            fix="a published version never changes: release a new one",
        )


def _is_taken(artifact: Artifact, packages: Collection[str]) -> bool:
    bill = artifact.kind == "sbom" and artifact.path.name.removesuffix(SUFFIX) in packages
    return bill or artifact.kind == "tarball"
