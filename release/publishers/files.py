"""Plain files to download: tarballs, and one signed list of their digests.

The files are immutable; `SHA256SUMS` is the pointer. It changes by compare-and-swap and keeps the lines of
other writers; its detached signature follows it, as nothing can swap the two together.
"""

from collections.abc import Sequence

from release.artifact import Artifact
from release.errors import ConflictError, RepositoryError, SigningError, StoreError
from release.publishers import Publication
from release.retry import TRIES
from release.signing import Signer
from release.signing.verification import verify_detached
from release.stores import Store, sha256_of

SUMS = "SHA256SUMS"


class FilesPublisher:
    """Publishes tarballs below `prefix` of a store, which users reach under `url`."""

    name = "files"

    def __init__(self, *, store: Store, prefix: str, url: str, project: str, signer: Signer | None) -> None:
        self._store = store
        self._prefix = prefix
        self._url = url
        self._project = project
        self._signer = signer
        self._lines: dict[str, str] = {}
        self._absent: frozenset[str] = frozenset()
        self._uploaded = 0

    def check(
        self,
        artifacts: Sequence[Artifact],
        *,
        resumed: bool = False,  # noqa: ARG002 - everything is asked for anyway
    ) -> tuple[Artifact, ...]:
        self._lines = {
            artifact.path.name: artifact.published_sha256
            for artifact in artifacts
            if artifact.kind == "tarball"
        }
        self._absent = frozenset(name for name in self._lines if not self._is_present(name))
        return tuple(artifacts)

    def stage(self, artifacts: Sequence[Artifact]) -> tuple[Artifact, ...]:
        for artifact in artifacts:
            if artifact.path.name in self._absent:
                self._upload(artifact)
        return tuple(artifacts)

    def verify(self) -> None:
        for name, digest in self._lines.items():
            if sha256_of(self._store, self._key(name)) != digest:
                raise StoreError(
                    f"{self._key(name)} is not what was uploaded", fix="check the store; run again"
                )

    def commit(self) -> Publication:
        names = [SUMS] if self._lines else []
        if self._signer:
            self._replace(f"{self._project}.asc", self._signer.public_key)
            names = [f"{self._project}.asc", *names, *(f"{name}.asc" for name in names)]
        if self._lines:
            self._commit_sums()
        return Publication(
            publisher=self.name,
            location=self._url,
            uploaded=self._uploaded,
            present=len(self._lines) - len(self._absent),
            instructions=tuple(f"curl -fLO {self._url}/{name}" for name in self._lines),
            pointers=tuple(map(self._key, names)),
            objects={name: self._key(name) for name in self._lines},
        )

    def _is_present(self, name: str) -> bool:
        digest = sha256_of(self._store, self._key(name))
        if digest not in {None, self._lines[name]}:
            raise ConflictError(
                f"{self._key(name)} is already published with other bytes",
                fix="a published version never changes: release a new one",
            )
        return digest is not None

    def _upload(self, artifact: Artifact) -> None:
        if self._store.put_if_absent(self._key(artifact.path.name), artifact.path):
            self._uploaded += 1
        else:
            self._is_present(artifact.path.name)

    def _commit_sums(self) -> None:
        for _ in range(TRIES):
            current = self._store.get(self._key(SUMS))
            text = merge_sums(current.data.decode() if current else "", self._lines)
            if current and text == current.data.decode():
                break
            if self._store.put_if_unchanged(
                self._key(SUMS), text.encode(), current.token if current else None
            ):
                self._uploaded += 1
                break
        else:
            raise StoreError(
                f"{self._key(SUMS)} keeps changing", fix="run again when other releases are done"
            )
        self._sign_sums()

    def _sign_sums(self) -> None:
        """Sign the list as it stands; when another writer moves it meanwhile, sign again."""
        while self._signer and (sums := self._store.get(self._key(SUMS))):
            signature = self._store.get(self._key(f"{SUMS}.asc"))
            if not signature or not _verifies(sums.data, signature.data, self._signer):
                self._replace(f"{SUMS}.asc", self._signer.detach(sums.data))
            after = self._store.get(self._key(SUMS))
            if after and after.token == sums.token:
                return

    def _replace(self, name: str, data: bytes) -> None:
        for _ in range(TRIES):
            current = self._store.get(self._key(name))
            if current and current.data == data:
                return
            if self._store.put_if_unchanged(self._key(name), data, current.token if current else None):
                self._uploaded += 1
                return
        raise StoreError(f"{self._key(name)} keeps changing", fix="run again when other releases are done")

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}"


def _verifies(data: bytes, signature: bytes, signer: Signer) -> bool:
    try:
        verify_detached(data, signature, public_key=signer.public_key)
    except SigningError:
        return False
    return True


def merge_sums(text: str, lines: dict[str, str]) -> str:
    """The list `text` with `lines` (digest by file name) added, sorted by file name.

    Raises:
        RepositoryError: `text` is no list of digests.

    """
    known = {}
    for line in text.splitlines():
        digest, separator, name = line.partition("  ")
        if not separator:
            raise RepositoryError(f"{SUMS} holds {line!r}", fix="restore it: `sha256sum * > SHA256SUMS`")
        known[name] = digest
    known |= lines
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(known.items()))
