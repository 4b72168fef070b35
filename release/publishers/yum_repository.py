"""The objects of a YUM repository in a store: how they are read, and written so that clients never see half.

Package files and lists are immutable. The one pointer, `repomd.xml`, names the lists by digest and changes by
compare-and-swap. Its signature, `repomd.xml.asc`, cannot swap with it (librepo #311): it is written beforehand
as an immutable object, named by the digest of the `repomd.xml` that it signs, and copied afterwards. So any
later run finishes an interrupted one, and no run signs what it has not made.
"""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from release.errors import RepositoryError, SigningError, StoreError
from release.publishers import yum_index
from release.publishers.yum_index import EMPTY, REPODATA, Lists
from release.publishers.yum_metadata import Kind
from release.retry import TRIES
from release.signing import Signer
from release.signing.verification import verify_detached
from release.stores import Store, StoredObject, sha256_of

REPOMD: Final = f"{REPODATA}/repomd.xml"
SIGNATURE: Final = f"{REPOMD}.asc"


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The repository as the pointer showed it; an empty place has no pointer.

    `signed` says that our key signed it; one without a signature may be added to, and is signed by that.
    """

    pointer: StoredObject | None = None
    lists: Lists = EMPTY
    signed: bool = False

    @property
    def repomd(self) -> bytes | None:
        return self.pointer.data if self.pointer else None

    @property
    def token(self) -> str | None:
        return self.pointer.token if self.pointer else None


class YumRepository:
    """A repository below `prefix`; it counts the objects that it `uploaded` and that were `present`.

    `pointers` are the keys of the mutable objects that it brought up to date.
    """

    def __init__(self, *, store: Store, prefix: str, signer: Signer | None) -> None:
        self._store = store
        self._prefix = prefix
        self._signer = signer
        self.uploaded = self.present = 0
        self.pointers = [self._key(REPOMD)]
        self._staged: dict[str, str] = {}
        self._signatures: dict[str, bytes] = {}

    # Reading

    def read(self) -> Snapshot:
        """The repository as it is.

        Raises:
            RepositoryError: it is damaged, signed by another key, or signed while this run has none.

        """
        # In this order: a signature may be older than its pointer, which then has its own beside it.
        copy = self._get(SIGNATURE)
        pointer = self._get(REPOMD)
        if pointer is None:
            return Snapshot()
        return Snapshot(
            pointer=pointer,
            signed=self._is_signed(pointer.data, copy),
            lists=yum_index.read_lists(pointer.data, self.fetch),
        )

    def _is_signed(self, repomd: bytes, copy: StoredObject | None) -> bool:
        if self._signer and copy and _verifies(repomd, copy.data, self._signer):
            return True
        own = self._get(_signature_name(repomd))
        if self._signer and own and _verifies(repomd, own.data, self._signer):
            return True
        if copy is None and own is None:
            return False
        if self._signer is None:
            raise RepositoryError(
                f"{self._key(REPOMD)} is signed, and this run has no key", fix="give it the key"
            )
        raise RepositoryError(
            f"{self._key(REPOMD)} has no valid signature of the key {self._signer.fingerprint}",
            fix="publish with the key that signed it, or below another prefix",
        )

    def sha256(self, path: str) -> str | None:
        """The digest of the object at `path` below the repository, or None where there is none."""
        return sha256_of(self._store, self._key(path))

    def open(self, path: str) -> io.BufferedReader:
        """A stream of the object at `path` below the repository.

        Raises:
            RepositoryError: it is not there.

        """
        stream = self._store.open(self._key(path))
        if stream is None:
            raise self._missing(path)
        return stream

    def fetch(self, path: str) -> bytes:
        """The object at `path` below the repository.

        Raises:
            RepositoryError: it is not there.

        """
        stored = self._get(path)
        if stored is None:
            raise self._missing(path)
        return stored.data

    def _missing(self, path: str) -> RepositoryError:
        return RepositoryError(
            f"{self._key(path)} is missing from the YUM repository",
            fix="restore it, or make the metadata again with createrepo_c",
        )

    # Staging: immutable objects

    def put_immutable(self, path: str, source: Path | bytes, sha256: str) -> bool:
        """Write an object that never changes; False where there is another one."""
        new = self._store.put_if_absent(self._key(path), source) is not None
        if not new and self.sha256(path) != sha256:
            return False
        self.note(path, sha256, new=new)
        return True

    def note(self, path: str, sha256: str, *, new: bool = False) -> None:
        """Count an object, and verify it with the others."""
        self._staged[self._key(path)] = sha256
        self._count(new=new)

    def put_lists(self, lists: Lists) -> dict[Kind, bytes]:
        """Write the lists under their digests; they are given back as they are stored."""
        packed = yum_index.packed(lists)
        for kind, data in packed.items():
            self.put_immutable(yum_index.file_name(kind, data), data, hashlib.sha256(data).hexdigest())
        return packed

    def put_signature(self, repomd: bytes) -> None:
        """Write the signature of a `repomd.xml` that is not yet the pointer."""
        if self._signer is None:
            return
        name, data = _signature_name(repomd), self._signer.detach(repomd)
        if self._store.put_if_absent(self._key(name), data):
            self.note(name, hashlib.sha256(data).hexdigest(), new=True)
            self._signatures[name] = data

    def verify_staged(self) -> None:
        """Read back the digest of everything that was written.

        Raises:
            StoreError: an object is not what was sent.

        """
        for key, sha256 in self._staged.items():
            if sha256_of(self._store, key) != sha256:
                raise StoreError(f"{key} is not what was uploaded", fix="check the store, then run again")

    # Committing: the pointer, and what follows it

    def swap(self, repomd: bytes, token: str | None) -> bool:
        """Replace the pointer that was read with `token`; False if it moved in the meantime."""
        swapped = self._store.put_if_unchanged(self._key(REPOMD), repomd, token) is not None
        self.uploaded += swapped
        return swapped

    def refresh_signature(self) -> None:
        """Bring the signature in line with the pointer, whoever wrote that.

        Raises:
            StoreError: the pointer moves all the time.

        """
        for _ in range(TRIES):
            # In this order: who read an old pointer has an old token too, and cannot undo a newer signature.
            copy = self._get(SIGNATURE)
            pointer = self._get(REPOMD)
            own = self._signature_of(pointer.data) if pointer else None
            if own is None:
                return
            self.pointers.append(self._key(SIGNATURE))
            if copy and copy.data == own:
                return
            self._put(SIGNATURE, own, copy)
        raise StoreError(f"{self._key(REPOMD)} keeps changing", fix="run again when other releases are done")

    def replace(self, path: str, data: bytes) -> None:
        """Bring a mutable object up to date; a writer that comes between is as right as we are."""
        self.pointers.append(self._key(path))
        current = self._get(path)
        if current and current.data == data:
            self._count(new=False)
        else:
            self._put(path, data, current)

    def _signature_of(self, repomd: bytes) -> bytes | None:
        name = _signature_name(repomd)
        if name in self._signatures:
            return self._signatures[name]
        stored = self._get(name)
        return stored.data if stored else None

    def _put(self, path: str, data: bytes, current: StoredObject | None) -> None:
        token = current.token if current else None
        self.uploaded += self._store.put_if_unchanged(self._key(path), data, token) is not None

    def _get(self, path: str) -> StoredObject | None:
        return self._store.get(self._key(path))

    def _key(self, path: str) -> str:
        return f"{self._prefix}/{path}"

    def _count(self, *, new: bool) -> None:
        self.uploaded += new
        self.present += not new


def _signature_name(repomd: bytes) -> str:
    return f"{REPODATA}/{hashlib.sha256(repomd).hexdigest()}-repomd.xml.asc"


def _verifies(repomd: bytes, signature: bytes, signer: Signer) -> bool:
    try:
        verify_detached(repomd, signature, public_key=signer.public_key)
    except SigningError:
        return False
    return True
