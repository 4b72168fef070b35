"""The objects of an APT repository in a store: how they are read, and written so that clients never see half.

Indexes are immutable objects below `by-hash`. The one pointer, `InRelease`, names those of all architectures
by digest and changes by compare-and-swap. `Packages.gz`, `Packages.xz`, `Release` and `Release.gpg` are copies
for clients that know no by-hash (apt before 1.2). Without a key the pointer is `Release`.
"""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from jesses.base.errors import RepositoryError, SigningError, StoreError
from jesses.base.retry import attempts, keeps_changing, pause
from jesses.package.compression.deflate import deflate
from jesses.package.compression.incremental import Deflate, Made, Text
from jesses.publish import Edit
from jesses.publish.apt import contents
from jesses.publish.apt.contents import Files
from jesses.publish.apt.index import PACKED, Index
from jesses.publish.apt.metadata import (
    CONTENTS_FORM,
    INDEX,
    SOURCES,
    Digest,
    ReleaseFile,
    contents_path,
    index_directory,
    successor,
)
from jesses.publish.shared.decompress import decompress
from jesses.publish.shared.objects import RepositoryObjects
from jesses.signing import Signer
from jesses.signing.verification import is_signed_by, verified_text
from jesses.stores import StoredObject

COMPONENT: Final = "main"

EditIndexes = Edit[Mapping[str, Index]]
"""Gives, of the indexes by architecture, those that change (`apt_index.add`, `apt_index.remove`)."""

# Ours first: it is the smallest, and the one that would take longest to make anew.
_FORMS: Final = (".xz", ".zst", ".gz", ".bz2", ".lzma", "")
# Each publish moves the date by a second or more, and many at once may be ahead of the clock for a moment.
_AHEAD: Final = 60
_FIX: Final = "publish with the key that signed it, or below another prefix"


@dataclass(frozen=True, kw_only=True)
class AptSnapshot:
    """The repository as the pointer showed it; `indexes` are by Debian architecture.

    `release` is None where there is no repository yet, `token` where there is no pointer. `text` is the Release
    file.
    """

    token: str | None = None
    text: bytes = b""
    release: ReleaseFile | None = None
    indexes: Mapping[str, Index] = field(default_factory=dict)

    @property
    def sources(self) -> str:
        """The digest of the files for users, where the repository is ours."""
        return self.release.fields.get(SOURCES, "") if self.release else ""


@dataclass(frozen=True, kw_only=True)
class AptUpdate:
    """What is to follow `before`: the indexes that change, by architecture; none where nothing is new.

    `listed` is what Release will say of them, by path; `sources` the digest of the files for users.
    """

    before: AptSnapshot = field(default_factory=AptSnapshot)
    indexes: Mapping[str, Index] = field(default_factory=dict)
    listed: Mapping[str, Digest] = field(default_factory=dict)
    sources: str = ""

    @property
    def is_new(self) -> bool:
        """Whether the pointer would say anything that it does not say already."""
        return bool(self.indexes) or self.before.release is None or self.sources != self.before.sources


@dataclass(frozen=True, kw_only=True)
class AptRepository:
    """One suite of the repository that `objects` are.

    `origin` is what a new one says of itself. `clock` gives seconds since 1970 UTC. `copies` are written for
    clients without by-hash too. `files` says what a package has, where `Contents` are kept too. `deflater` makes
    the gzip form, of which the last is not read. `wait` is called with the number of a failed attempt, when
    another job was faster.
    """

    objects: RepositoryObjects
    suite: str
    origin: str
    signer: Signer | None
    clock: Callable[[], float]
    copies: bool = True
    files: Files | None = None
    deflater: Deflate = deflate
    wait: Callable[[int], object] = pause

    @property
    def _directory(self) -> str:
        return f"dists/{self.suite}"

    @property
    def _pointer(self) -> str:
        return f"{self._directory}/{'InRelease' if self.signer else 'Release'}"

    # Reading

    def read(self) -> AptSnapshot:
        """The repository as it is, whoever made it.

        Raises:
            RepositoryError: it is damaged, incomplete, or another key signed it.

        """
        stored = self.objects.get(self._pointer)
        if stored:
            self._check_unsigned()
            return self._snapshot(self._verified(stored.data), stored.token)
        text = self._release_alone()
        return AptSnapshot() if text is None else self._snapshot(text, None)

    def _snapshot(self, text: bytes, token: str | None) -> AptSnapshot:
        release = ReleaseFile.parse(text)
        self._check_date(release)
        architectures = release.architectures(COMPONENT)
        indexes = {architecture: self._index(release, architecture) for architecture in architectures}
        return AptSnapshot(token=token, text=text, release=release, indexes=indexes)

    def _check_date(self, release: ReleaseFile) -> None:
        """A client refuses a date ahead of its clock, and ignores one that is older than what it has."""
        ahead = release.date - self.clock()
        if ahead > _AHEAD:
            raise RepositoryError(
                f"{self.objects.key(self._pointer)} is dated {release.fields['Date']}, {ahead:.0f} s "
                "ahead of the clock: apt refuses it, and whatever follows it, until then",
                fix="set this machine's clock right; where another machine's was wrong, wait until that date, or "
                f"delete {self.objects.key(self._directory)}/ and publish again",
            )

    def _check_unsigned(self) -> None:
        """Who trusts a key must not be left with an unsigned repository."""
        for name in () if self.signer else ("InRelease", "Release.gpg"):
            if self.objects.sha256(f"{self._directory}/{name}"):
                raise RepositoryError(
                    f"{self._directory} is signed, and this run has no key", fix="give it the key"
                )

    def _release_alone(self) -> bytes | None:
        """The Release file of a repository without InRelease, as older tools make it.

        One that nobody signed may be continued, and is signed by that.
        """
        self._check_unsigned()
        stored = self.objects.get(f"{self._directory}/Release") if self.signer else None
        if stored is None or self.signer is None:
            return None
        if inside := self.objects.get(self._pointer):
            # Release follows InRelease: another job has written both since we looked.
            return self._verified(inside.data)
        signature = self.objects.get(f"{self._directory}/Release.gpg")
        if signature and not is_signed_by(self.signer.public_key, stored.data, signature.data):
            raise RepositoryError(
                f"{self._directory}/Release cannot be trusted: another key signed it", fix=_FIX
            )
        return stored.data

    def _verified(self, data: bytes) -> bytes:
        if self.signer is None:
            return data
        try:
            return verified_text(data, public_key=self.signer.public_key)
        except SigningError as error:
            raise RepositoryError(
                f"{self.objects.key(self._pointer)} cannot be trusted: {error.what}", fix=_FIX
            ) from error

    def _index(self, release: ReleaseFile, architecture: str) -> Index:
        """The index that `release` names, always read by its digest."""
        path, data = self._found(release, f"{index_directory(COMPONENT, architecture)}/{INDEX}")
        name = path.rpartition("/")[2]
        return Index(
            text=self._unpacked(path, data),
            packed={name: data} if name in PACKED else {},
            contents=self._contents(release, architecture) if self.files else None,
            deflater=self.deflater,
        )

    def _contents(self, release: ReleaseFile, architecture: str) -> Made:
        """What is known of the files of packages; older tools have one Contents for all components."""
        for path in (contents_path(COMPONENT, architecture), f"Contents-{architecture}"):
            if _forms(release, path):
                name, data = self._found(release, path)
                return Made(text=Text(data=self._unpacked(name, data)), packed=data)
        return Made(text=Text(data=b""), packed=b"")

    def _found(self, release: ReleaseFile, path: str) -> tuple[str, bytes]:
        """What `release` lists as `path` in any form: the path in that form, and the bytes."""
        listed = _forms(release, path)
        for form in listed:
            data = self._by_digest(form, release.files[form])
            if data is not None:
                return form, data
        raise RepositoryError(
            f"{self._pointer} names {listed[0]} with the sha256 {release.files[listed[0]].sha256}, and no such "
            "object is there",
            fix="repair the repository, or publish below another prefix",
        )

    def _unpacked(self, path: str, data: bytes) -> bytes:
        return decompress(data, self.objects.key(f"{self._directory}/{path}"))

    def _by_digest(self, path: str, digest: Digest) -> bytes | None:
        for found in (self._by_hash(path, digest), f"{self._directory}/{path}"):
            stored = self.objects.get(found)
            if stored and Digest.of(stored.data) == digest:
                return stored.data
        return None

    def _by_hash(self, path: str, digest: Digest) -> str:
        return posixpath.join(self._directory, posixpath.dirname(path), f"by-hash/SHA256/{digest.sha256}")

    # Writing

    def prepare(self, before: AptSnapshot, change: EditIndexes, *, sources: str | None = None) -> AptUpdate:
        """Write the indexes that `change` makes of those of `before`; nobody sees them yet.

        `sources` is the digest of the files for users (None: it stays).

        Raises:
            StoreError: the store failed, or has other bytes there.

        """
        indexes = self._with_contents(before, change(before.indexes))
        listed = {path: Digest.of(data) for path, data in _plain(indexes).items()}
        for path, data in _stored(indexes).items():
            listed[path] = Digest.of(data)
            by_hash = self._by_hash(path, listed[path])
            if not self.objects.put_immutable(by_hash, data, listed[path].sha256):
                raise StoreError(f"{self.objects.key(by_hash)} is damaged", fix="delete it, then run again")
        return AptUpdate(
            before=before,
            indexes=indexes,
            listed=listed,
            sources=before.sources if sources is None else sources,
        )

    def _with_contents(self, before: AptSnapshot, indexes: Mapping[str, Index]) -> Mapping[str, Index]:
        """`indexes` with the Contents that follow those of `before`, where they are kept."""
        if self.files is None:
            return indexes
        found = {}
        for architecture, index in indexes.items():
            old = before.indexes.get(architecture, Index())
            text = old.contents.text.data if old.contents else b""
            found[architecture] = index.with_contents(contents.follow(text, old, index, self.files))
        return found

    def commit(self, update: AptUpdate) -> bool:
        """Replace the pointer, and bring the copies in line with it; False where another job was faster.

        Raises:
            StoreError: the store failed, or the pointer moves all the time.

        """
        swapped = self._swap(update) if update.is_new else update.before
        if swapped and self.copies:
            self._copy(swapped, update.indexes)
        return swapped is not None

    def _swap(self, update: AptUpdate) -> AptSnapshot | None:
        """Replace the pointer that was read by one that names the new indexes; None if it moved."""
        before, indexes = update.before, update.indexes
        release = successor(
            before.release,
            update.listed,
            origin=self.origin,
            suite=self.suite,
            component=COMPONENT,
            sources=update.sources,
            now=self.clock(),
        )
        text = release.render()
        data = self.signer.clearsign(text) if self.signer else text
        token = self.objects.swap(self._pointer, data, before.token)
        if token is None:
            return None
        return AptSnapshot(token=token, text=text, release=release, indexes={**before.indexes, **indexes})

    def busy(self) -> StoreError:
        """The error for a repository that other jobs change all the time."""
        return keeps_changing(self.objects.key(self._pointer))

    # Copies, which follow the pointer

    def _copy(self, snapshot: AptSnapshot, changed: Mapping[str, Index]) -> None:
        """Write the plain copies of `snapshot`; `changed` are the indexes that we wrote, none where none were."""
        if not changed:
            self.refresh_copies()
            return
        for path, data in _stored(changed).items():
            self.objects.copy(f"{self._directory}/{path}", data)
        if snapshot.release:
            self._refresh_indexes(snapshot.release, set(snapshot.indexes) - set(changed))
        if self.signer:
            self.objects.copy(f"{self._directory}/Release", snapshot.text)
            self.objects.copy(f"{self._directory}/Release.gpg", self.signer.detach(snapshot.text))
        if self.objects.token(self._pointer) != snapshot.token:
            self.refresh_copies()

    def refresh_copies(self) -> None:
        """Bring the plain copies in line with the pointer, whoever wrote it, again when it moves meanwhile.

        Raises:
            StoreError: it moves all the time.

        """
        for _ in attempts(self.busy()):
            stored = self.objects.get(self._pointer)
            if stored is None:
                return
            text = self._verified(stored.data)
            release = ReleaseFile.parse(text)
            self._refresh_indexes(release, set(release.architectures(COMPONENT)))
            if self.signer:
                self._refresh_release(text, self.signer)
            if self.objects.token(self._pointer) == stored.token:
                self.objects.note_pointer(self._pointer)
                return

    def _refresh_indexes(self, release: ReleaseFile, architectures: set[str]) -> None:
        ours = {f"{index_directory(COMPONENT, name)}/{form}" for name in architectures for form in PACKED}
        if self.files:
            ours |= {contents_path(COMPONENT, name) + CONTENTS_FORM for name in architectures}
        for path in sorted(ours & release.files.keys()):
            copy, digest = f"{self._directory}/{path}", release.files[path]
            if self.objects.sha256(copy) == digest.sha256:
                self.objects.note_right(copy)
            elif (data := self._by_digest(path, digest)) is not None:
                self.objects.replace(copy, data)

    def _refresh_release(self, text: bytes, signer: Signer) -> None:
        self.objects.replace(f"{self._directory}/Release", text)
        copy = f"{self._directory}/Release.gpg"
        signature: StoredObject | None = self.objects.get(copy)
        if signature and is_signed_by(signer.public_key, text, signature.data):
            self.objects.note_right(copy)
        else:
            self.objects.replace(copy, signer.detach(text))


def _forms(release: ReleaseFile, path: str) -> list[str]:
    return [found for form in _FORMS if (found := path + form) in release.files]


def _stored(indexes: Mapping[str, Index]) -> dict[str, bytes]:
    """The files of `indexes` that are written, by path."""
    return {
        path: data for name, index in indexes.items() for path, data in index.stored(COMPONENT, name).items()
    }


def _plain(indexes: Mapping[str, Index]) -> dict[str, bytes]:
    return {
        path: data for name, index in indexes.items() for path, data in index.plain(COMPONENT, name).items()
    }
