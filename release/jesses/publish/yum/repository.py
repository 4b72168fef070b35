"""The objects of a YUM repository in a store: how they are read, and written so that clients never see half.

`repomd.xml` and its signature cannot be swapped together (librepo #311). So both are immutable here: each change
is a snapshot of its own below `snap`, and the one pointer, `mirrorlist`, names the newest and changes by
compare-and-swap. Users whose baseurl is the root have copies there, which follow the pointer: `repomd.xml` is
swapped, then its signature; in between they have to try again, and any later run finishes an interrupted one.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from jesses.base.errors import RepositoryError, StoreError
from jesses.base.retry import attempts, keeps_changing, pause
from jesses.publish import Edit
from jesses.publish.shared.objects import RepositoryObjects
from jesses.publish.yum import repomd as yum_index
from jesses.publish.yum.lists import EMPTY, Lists, seen_from_root, seen_from_snapshot
from jesses.publish.yum.repomd import REPODATA, MirrorList
from jesses.signing import Signer
from jesses.signing.verification import is_signed_by
from jesses.stores import StoredObject

POINTER: Final = "mirrorlist"
REPOMD: Final = f"{REPODATA}/repomd.xml"
SIGNATURE: Final = f"{REPOMD}.asc"

EditLists = Edit[Lists]
"""Gives the lists that follow (`Lists.add`, `Lists.remove`)."""


@dataclass(frozen=True, kw_only=True)
class Root:
    """What users of the root see; the signature was read first, so it is never newer than the pointer."""

    signature: StoredObject | None = None
    repomd: StoredObject | None = None


@dataclass(frozen=True, kw_only=True)
class YumSnapshot:
    """The repository as the pointer showed it.

    `base` is where `repomd` lies below the repository: a snapshot, or its root ("") where no pointer is there
    yet; `lists` are those of a snapshot in any case. `repomd` is None where there is no repository yet. `root` was
    read before.
    """

    base: str = ""
    token: str | None = None
    repomd: bytes | None = None
    lists: Lists = EMPTY
    signature: bytes = b""
    sources: str = ""
    root: Root = field(default_factory=Root)


@dataclass(frozen=True, kw_only=True)
class StagedSnapshot:
    """A snapshot that nobody sees yet."""

    base: str
    lists: Lists
    repomd: bytes
    signature: bytes


@dataclass(frozen=True, kw_only=True)
class YumUpdate:
    """What is to follow `before`: `staged`, None where nothing is new, and the digest of the files for users."""

    before: YumSnapshot = field(default_factory=YumSnapshot)
    staged: StagedSnapshot | None = None
    sources: str = ""


@dataclass(frozen=True, kw_only=True)
class YumRepository:
    """The repository that `objects` are, which users reach at `url`.

    `clock` gives seconds since 1970 UTC. `copies` are kept at its root for users with a baseurl. `wait` is called
    with the number of a failed attempt, when another job was faster.
    """

    objects: RepositoryObjects
    url: str
    signer: Signer | None
    clock: Callable[[], float]
    copies: bool = True
    wait: Callable[[int], object] = pause

    # Reading

    def read(self) -> YumSnapshot:
        """The repository as it is, whoever made it.

        Raises:
            RepositoryError: it is damaged, signed by another key, or signed while this run has none.

        """
        # In this order: who swaps what was read here has seen every pointer that it was written for.
        root = self._read_root() if self.copies else Root()
        pointer = self.objects.get(POINTER)
        if pointer is None:
            return self._adopted(root if self.copies else self._read_root())
        listed = MirrorList.parse(pointer.data)
        repomd = self._fetch(f"{listed.base}/{REPOMD}")
        self._check_signature(f"{listed.base}/{REPOMD}", repomd, listed.signature)
        return YumSnapshot(
            base=listed.base,
            token=pointer.token,
            repomd=repomd,
            lists=yum_index.read_lists(repomd, lambda href: self._fetch(f"{listed.base}/{href}")),
            signature=listed.signature,
            sources=listed.sources,
            root=root,
        )

    def _read_root(self) -> Root:
        # In this order: who read an old pointer has an old token too, and cannot undo a newer signature.
        signature = self.objects.get(SIGNATURE)
        return Root(signature=signature, repomd=self.objects.get(REPOMD))

    def _adopted(self, root: Root) -> YumSnapshot:
        """A repository without snapshots, as other tools make it."""
        if root.repomd is None:
            return YumSnapshot(root=root)
        repomd, signature = root.repomd.data, root.signature.data if root.signature else b""
        self._check_signature(REPOMD, repomd, signature)
        lists = yum_index.read_lists(repomd, self._fetch)
        documents = {**lists.documents, "primary": seen_from_snapshot(lists.documents["primary"])}
        return YumSnapshot(
            repomd=repomd,
            lists=Lists(documents=documents, packed={**lists.packed, "primary": b""}),
            signature=signature,
            root=root,
        )

    def _check_signature(self, path: str, repomd: bytes, signature: bytes) -> None:
        """A repository that nobody signed may be continued, and is signed by that."""
        if not signature:
            return
        if self.signer is None:
            raise RepositoryError(
                f"{self.objects.key(path)} is signed, and this run has no key", fix="give it the key"
            )
        if not is_signed_by(self.signer.public_key, repomd, signature):
            raise RepositoryError(
                f"{self.objects.key(path)} has no valid signature of the key {self.signer.fingerprint}",
                fix="publish with the key that signed it, or below another prefix",
            )

    def _fetch(self, path: str) -> bytes:
        stored = self.objects.get(path)
        if stored is None:
            raise self.objects.missing(path)
        return stored.data

    # Writing

    def prepare(self, before: YumSnapshot, change: EditLists, *, sources: str | None = None) -> YumUpdate:
        """Write a snapshot of what `change` makes of the lists of `before`; nobody sees it yet.

        There is none where nothing changes: neither lists, nor key, nor the digest of the files for users
        (`sources`; None: it stays).
        """
        lists = change(before.lists)
        right = before.token is not None and sources in {None, before.sources}
        if right and lists == before.lists and bool(before.signature) == bool(self.signer):
            return YumUpdate(before=before)
        staged = self._stage(before, lists)
        # Who is refused reads again: nobody needs the old lists, and they are large.
        named = before.sources if sources is None else sources
        return YumUpdate(before=replace(before, lists=EMPTY), staged=staged, sources=named)

    def _stage(self, before: YumSnapshot, lists: Lists) -> StagedSnapshot:
        packed = lists if lists.is_packed else lists.with_documents(lists.documents)
        repomd = yum_index.next_repomd(before.repomd, packed, now=int(self.clock()))
        base = yum_index.snapshot_of(repomd)
        self._put_lists(base, packed)
        for href in yum_index.others(repomd):
            self._put(f"{base}/{href}", self._fetch(f"{before.base}/{href}".lstrip("/")))
        self._put(f"{base}/{REPOMD}", repomd)
        signature = self._put_signature(f"{base}/{SIGNATURE}", repomd) if self.signer else b""
        return StagedSnapshot(base=base, lists=packed, repomd=repomd, signature=signature)

    def _put_signature(self, path: str, repomd: bytes) -> bytes:
        """Sign; where another run has staged the same, its signature counts."""
        signature = self.signer.detach(repomd) if self.signer else b""
        if not self.objects.put_immutable(path, signature, hashlib.sha256(signature).hexdigest()):
            signature = self._fetch(path)
            self._check_signature(path, repomd, signature)
        return signature

    def _put_lists(self, base: str, lists: Lists) -> None:
        for kind, data in lists.packed.items():
            self._put(f"{base}/{yum_index.file_name(kind, data)}".lstrip("/"), data)

    def _put(self, path: str, data: bytes) -> None:
        if not self.objects.put_immutable(path, data, hashlib.sha256(data).hexdigest()):
            raise StoreError(f"{self.objects.key(path)} is damaged", fix="delete it, then run again")

    def commit(self, update: YumUpdate) -> bool:
        """Replace the pointer, and bring the root in line with it; False where another job was faster.

        Raises:
            StoreError: the store failed, or the root is changed all the time.

        """
        if update.staged is None:
            self.objects.note_right(POINTER)
            swapped: YumSnapshot | None = update.before
        else:
            swapped = self._swap(update.before, update.staged, update.sources)
        if swapped and self.copies:
            self.refresh_root(swapped)
        return swapped is not None

    def _swap(self, before: YumSnapshot, staged: StagedSnapshot, sources: str) -> YumSnapshot | None:
        """Let the pointer name what was staged; None if it moved in the meantime."""
        listed = MirrorList(base=staged.base, sources=sources, signature=staged.signature)
        token = self.objects.swap(POINTER, listed.render(self.url), before.token)
        if token is None:
            return None
        return YumSnapshot(
            base=staged.base,
            token=token,
            repomd=staged.repomd,
            lists=staged.lists,
            signature=staged.signature,
            sources=sources,
            root=before.root,
        )

    def busy(self) -> StoreError:
        """The error for a repository that other jobs change all the time."""
        return keeps_changing(f"the YUM repository at {self.url}")

    # The root, which follows the pointer

    def refresh_root(self, snapshot: YumSnapshot) -> None:
        """Bring the root in line with `snapshot`, or with what follows it.

        Raises:
            StoreError: it moves all the time.

        """
        for _ in attempts(self.busy()):
            if snapshot.repomd is None or self._root_follows(snapshot, snapshot.repomd):
                return
            snapshot = self.read()

    def _root_follows(self, snapshot: YumSnapshot, repomd: bytes) -> bool:
        """Whether the root is right, or could be set right; False where another writer was faster."""
        root = snapshot.root
        primary = seen_from_root(snapshot.lists.documents["primary"])
        documents = {**snapshot.lists.documents, "primary": primary}
        signed = self._is_signed(root)
        if signed and root.repomd and yum_index.names(root.repomd.data, Lists(documents=documents)):
            self.objects.note_right(REPOMD)
            if self.signer:
                self.objects.note_right(SIGNATURE)
            return True
        old = self._old_primary(root) if signed else EMPTY
        lists = Lists(
            documents=documents,
            packed={**snapshot.lists.packed, **old.with_documents({"primary": primary}).packed},
        )
        return self._write_root(root, lists, yum_index.same_repomd(repomd, lists))

    def _write_root(self, root: Root, lists: Lists, repomd: bytes) -> bool:
        if root.repomd is None or root.repomd.data != repomd:
            self._put_lists("", lists)
            token = root.repomd.token if root.repomd else None
            if self.objects.swap(REPOMD, repomd, token) is None:
                return False
        if self.signer is None:
            return True
        token = root.signature.token if root.signature else None
        return self.objects.swap(SIGNATURE, self.signer.detach(repomd), token) is not None

    def _is_signed(self, root: Root) -> bool:
        """Whether clients accept the root, and so do we."""
        if root.repomd is None or self.signer is None:
            return root.repomd is not None and root.signature is None
        signature = root.signature.data if root.signature else b""
        return bool(signature) and is_signed_by(self.signer.public_key, root.repomd.data, signature)

    def _old_primary(self, root: Root) -> Lists:
        """What need not be compressed again, if it is there: it is about to be replaced anyway."""
        if root.repomd is None:
            return EMPTY
        try:
            document, packed = yum_index.read_list(root.repomd.data, "primary", self._fetch)
        except RepositoryError:
            return EMPTY
        return Lists(documents={"primary": document}, packed={"primary": packed})
