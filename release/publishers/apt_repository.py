"""The objects of an APT repository in a store: how they are read, and written so that clients never see half.

Indexes are immutable objects below `by-hash`. The one pointer, `InRelease`, names those of all architectures
by digest and changes by compare-and-swap. `Packages.gz`, `Packages.xz`, `Release` and `Release.gpg` are copies
for clients that know no by-hash (apt before 1.2). Without a key the pointer is `Release`.
"""

import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from release.compression import gzipped
from release.errors import ConflictError, RepositoryError, SigningError, StoreError
from release.publishers.apt_metadata import Digest, Release, index_directory
from release.retry import TRIES
from release.signing import Signer
from release.signing.verification import verified_text, verify_detached
from release.stores import Store, StoredObject, sha256_of

COMPONENT: Final = "main"

_INDEX: Final = "Packages"
_PACKED: Final = (f"{_INDEX}.gz", f"{_INDEX}.xz")
_UNPACK: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    ".gz": gzip.decompress,
    ".xz": lzma.decompress,
    "": bytes,
}


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The repository as the pointer showed it; `packages` is the `Packages` file of each architecture.

    `text` is the Release file, `token` the pointer's; an empty place has no token and no release.
    """

    token: str | None = None
    text: bytes = b""
    release: Release | None = None
    packages: Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Index:
    """The index of one architecture, packed in every way that is offered; `digests` are by file name.

    The plain file is listed and not stored, as in Debian's own archive: apt checks what it unpacked with it.
    """

    packed: Mapping[str, bytes]
    digests: Mapping[str, Digest]


def index_of(packages: bytes) -> Index:
    """Pack a `Packages` file."""
    packed = dict(zip(_PACKED, (gzipped(packages), lzma.compress(packages)), strict=True))
    return Index(
        packed=packed,
        digests={name: Digest.of(data) for name, data in {_INDEX: packages, **packed}.items()},
    )


class AptRepository:
    """One suite of a repository below `prefix`; it counts what it `uploaded` and what was `present`.

    `pointers` are the keys of the mutable objects that it brought up to date.
    """

    def __init__(self, *, store: Store, prefix: str, suite: str, signer: Signer | None) -> None:
        self._store = store
        self._prefix = prefix
        self._suite = f"{prefix}/dists/{suite}"
        self._signer = signer
        self.uploaded = self.present = 0
        self.pointers = [self._pointer]
        self._staged: dict[str, str] = {}

    @property
    def _pointer(self) -> str:
        return f"{self._suite}/{'InRelease' if self._signer else 'Release'}"

    # Reading

    def read(self) -> Snapshot:
        """The repository as it is.

        Raises:
            RepositoryError: it is damaged, incomplete, or not signed by our key.

        """
        stored = self._read_pointer()
        if stored is None:
            return Snapshot(packages={})
        text = self._verified(stored.data)
        release = Release.parse(text)
        packages = {
            architecture: data
            for architecture in release.architectures
            if (data := self._packages(release, architecture)) is not None
        }
        return Snapshot(token=stored.token, text=text, release=release, packages=packages)

    def _read_pointer(self) -> StoredObject | None:
        """The pointer, unless the repository is of the other kind.

        Who trusts a key must not be left with an unsigned repository, and an unsigned one not be signed unseen.
        """
        if self._signer is None and sha256_of(self._store, f"{self._suite}/InRelease"):
            raise RepositoryError(f"{self._suite} is signed, and this run has no key", fix="give it the key")
        stored = self._store.get(self._pointer)
        if stored or self._signer is None or not sha256_of(self._store, f"{self._suite}/Release"):
            return stored
        # Release follows InRelease: another job may have written both since we looked.
        stored = self._store.get(self._pointer)
        if stored is None:
            raise RepositoryError(
                f"{self._suite} holds a repository without InRelease",
                fix="sign it (gpg --clearsign Release), or publish below another prefix",
            )
        return stored

    def _verified(self, data: bytes) -> bytes:
        if self._signer is None:
            return data
        try:
            return verified_text(data, public_key=self._signer.public_key)
        except SigningError as error:
            raise RepositoryError(
                f"{self._pointer} cannot be trusted: {error.what}",
                fix="publish with the key that signed it, or below another prefix",
            ) from error

    def _packages(self, release: Release, architecture: str) -> bytes | None:
        """The `Packages` file that `release` names, always read by its digest."""
        directory = index_directory(COMPONENT, architecture)
        for suffix, unpack in _UNPACK.items():
            path = f"{directory}/{_INDEX}{suffix}"
            if digest := release.files.get(path):
                try:
                    return unpack(self._by_digest(path, digest))
                except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
                    raise RepositoryError(
                        f"{self._suite}/{path} cannot be unpacked: {error}", fix="repair the repository"
                    ) from error
        return None

    def _by_digest(self, path: str, digest: Digest) -> bytes:
        for key in (self._by_hash(path, digest), f"{self._suite}/{path}"):
            stored = self._store.get(key)
            if stored and Digest.of(stored.data) == digest:
                return stored.data
        raise RepositoryError(
            f"{self._pointer} names {path} with the sha256 {digest.sha256}, and no such object is there",
            fix="repair the repository, or publish below another prefix",
        )

    def _by_hash(self, path: str, digest: Digest) -> str:
        return f"{self._suite}/{path.rpartition('/')[0]}/by-hash/SHA256/{digest.sha256}"

    # Staging: immutable objects

    def key(self, path: str) -> str:
        """The key of a path below the root of the repository."""
        return f"{self._prefix}/{path}"

    def is_present(self, key: str, sha256: str) -> bool:
        """Whether an immutable object is there already.

        Raises:
            ConflictError: it is, with other bytes.

        """
        found = sha256_of(self._store, key)
        if found not in {None, sha256}:
            raise ConflictError(
                f"{key} is already published with other bytes (sha256 {found}, not {sha256})",
                fix="what is published never changes: release a new version",
            )
        return found is not None

    def open_other(self, key: str, sha256: str) -> io.BufferedReader | None:
        """A stream of the object that is there with other bytes, or None."""
        return None if sha256_of(self._store, key) in {None, sha256} else self._store.open(key)

    def put_immutable(self, key: str, source: Path | bytes, sha256: str) -> None:
        """Write an object that never changes, unless it is there."""
        self._staged[key] = sha256
        new = self._store.put_if_absent(key, source) is not None
        if not new:
            self.is_present(key, sha256)
        self._count(new=new)

    def note_present(self, key: str, sha256: str) -> None:
        """Count an immutable object that need not be written, and verify it with the others."""
        self._staged[key] = sha256
        self._count(new=False)

    def put_index(self, architecture: str, index: Index) -> None:
        """Write the index of an architecture under its digests."""
        for name, data in index.packed.items():
            path = f"{index_directory(COMPONENT, architecture)}/{name}"
            self.put_immutable(self._by_hash(path, index.digests[name]), data, index.digests[name].sha256)

    def verify_staged(self) -> None:
        """Read back the digest of everything that was written.

        Raises:
            StoreError: an object is not what was sent.

        """
        for key, sha256 in self._staged.items():
            if sha256_of(self._store, key) != sha256:
                raise StoreError(f"{key} is not what was uploaded", fix="check the store, then run again")

    # Committing: the pointer, and what follows it

    def swap(self, release: Release, token: str | None) -> bool:
        """Replace the pointer that was read with `token`; False if it moved in the meantime."""
        text = release.render()
        data = self._signer.clearsign(text) if self._signer else text
        swapped = self._store.put_if_unchanged(self._pointer, data, token) is not None
        self.uploaded += swapped
        return swapped

    def replace(self, key: str, data: bytes) -> None:
        """Bring a mutable object up to date; a writer that comes between is as right as we are."""
        self.pointers.append(key)
        stored = self._store.get(key)
        if stored and stored.data == data:
            self._count(new=False)
        else:
            token = stored.token if stored else None
            self._count(new=self._store.put_if_unchanged(key, data, token) is not None)

    def refresh_copies(self) -> None:
        """Bring the plain copies in line with the pointer, again when it moves in the meantime.

        Raises:
            StoreError: it moves all the time.

        """
        for _ in range(TRIES):
            stored = self._store.get(self._pointer)
            if stored is None:
                return
            text = self._verified(stored.data)
            self._copy_indexes(Release.parse(text))
            if self._signer:
                self._copy_release(text, self._signer)
            after = self._store.get(self._pointer)
            if after and after.token == stored.token:
                return
        raise StoreError(f"{self._pointer} keeps changing", fix="run again when other releases are done")

    def _copy_indexes(self, release: Release) -> None:
        directories = {index_directory(COMPONENT, name) for name in release.architectures}
        for path, digest in release.files.items():
            directory, _, name = path.rpartition("/")
            if directory in directories and name in _PACKED:
                key = f"{self._suite}/{path}"
                if sha256_of(self._store, key) == digest.sha256:
                    self.pointers.append(key)
                    self._count(new=False)
                else:
                    self.replace(key, self._by_digest(path, digest))

    def _copy_release(self, text: bytes, signer: Signer) -> None:
        self.replace(f"{self._suite}/Release", text)
        signature = self._store.get(f"{self._suite}/Release.gpg")
        try:
            verify_detached(text, signature.data if signature else b"", public_key=signer.public_key)
        except SigningError:
            self.replace(f"{self._suite}/Release.gpg", signer.detach(text))
        else:
            self.pointers.append(f"{self._suite}/Release.gpg")
            self._count(new=False)

    def _count(self, *, new: bool) -> None:
        self.uploaded += new
        self.present += not new
