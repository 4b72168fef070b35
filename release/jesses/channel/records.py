"""What a store already has of a version: one record each, written after everything is visible.

It lies beside the journals and names the artifacts with their digests and the keys of the objects that hold
them, so that a later release takes a component that did not change from there. It also says in which channels
of the store the version is, and from which it was withdrawn: it is never published there again.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from semver import Version

from jesses.base.artifact import Artifact, ArtifactKind
from jesses.base.digest import sha256_of
from jesses.base.documents import read_object
from jesses.base.errors import ConflictError, StoreError
from jesses.base.naming.arch import Arch
from jesses.channel import keys
from jesses.package.formats.sbom import SUFFIX as SBOM_SUFFIX
from jesses.stores import Store
from jesses.stores.edit import edit

Why = Literal["yanked", "pruned"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """The record of a component's version in `store`."""

    store: Store
    project: str
    component: str
    version: Version

    @property
    def key(self) -> str:
        """Where the record is."""
        return keys.record(self.project, self.component, self.version)

    @property
    def _kept_files(self) -> str:
        return keys.kept_files(self.project, self.component)

    def read(self) -> "RecordContent":
        """What the record says; nothing where the version was not released to this store.

        Raises:
            StoreError: it cannot be read.

        """
        stored = self.store.get(self.key)
        return self._parsed(stored.data if stored else None)

    def artifacts(self) -> dict[str, "Released"]:
        """The released artifacts by their file names; none where no channel has the version.

        Raises:
            StoreError: the record cannot be read.

        """
        content = self.read()
        return dict(content.artifacts) if content.is_public else {}

    def refuse_withdrawn(self, channel: str) -> None:
        """Raise `ConflictError` where the version was withdrawn from `channel`."""
        self._check_listed(self.read(), channel)

    def _check_listed(self, content: "RecordContent", channel: str) -> None:
        found = content.channels.get(channel)
        if found and found.withdrawn:
            day = datetime.fromtimestamp(found.withdrawn_at, UTC).date()
            raise ConflictError(
                f"{self.component} {self.version} was {found.withdrawn} from the channel {channel} on {day}",
                fix="release a new version (where this happened during the release: withdraw it again)",
            )

    def write(
        self,
        artifacts: Iterable[Artifact],
        objects: Mapping[str, str],
        *,
        channel: str = "",
        now: float = 0,
        commit: str = "",
    ) -> None:
        """Note that `channel` has those of the version's `artifacts` that are in `objects` (keys by file name).

        What is noted stays. Bills of materials that no publisher has taken are kept beside the record. `now` is
        seconds since 1970 UTC; `commit` is what the version was made from.

        Raises:
            ConflictError: the version was withdrawn from `channel` in the meantime.
            StoreError: the store failed.

        """
        own = {artifact.path.name: artifact for artifact in artifacts}
        published = {name: artifact for name, artifact in own.items() if name in objects}
        if not published:
            return
        entry = Listing(
            published=int(now),
            commit=commit,
            objects={
                name: {"key": objects[name], "sha256": artifact.published_sha256}
                for name, artifact in published.items()
            },
        )

        def noted(found: RecordContent) -> RecordContent:
            self._check_listed(found, channel)
            channels = {**found.channels, channel: united(entry, found.channels.get(channel))}
            if not channel:
                channels.pop(channel)
            if found.is_public:
                return replace(found, channels=channels)
            return RecordContent(artifacts=self._rows(own, published, objects), channels=channels)

        self.change(noted)

    def _rows(
        self, own: Mapping[str, Artifact], published: Mapping[str, Artifact], objects: Mapping[str, str]
    ) -> dict[str, "Released"]:
        rows = {name: _row(artifact, objects[name]) for name, artifact in published.items()}
        for name in published:
            document = own.get(name + SBOM_SUFFIX)
            if document and document.path.name not in rows:
                key = self._kept_files + document.sha256
                self.store.put_if_absent(key, document.path)
                rows[document.path.name] = _row(document, key)
        return dict(sorted(rows.items()))

    def withdraw(self, channel: str, why: Why, *, now: float) -> None:
        """Note that `channel` does not have the version any more, once; `now` is seconds since 1970 UTC.

        Raises:
            StoreError: the record is not there, or the store failed.

        """

        def noted(found: RecordContent) -> RecordContent:
            listing = found.channels[channel]
            if listing.withdrawn:
                return found
            gone = replace(listing, withdrawn=why, withdrawn_at=int(now))
            return _moved(replace(found, channels={**found.channels, channel: gone}))

        self.change(noted)

    def change(self, change: Callable[["RecordContent"], "RecordContent"]) -> None:
        """Write what `change` makes of the record, again where another run was faster.

        Raises:
            StoreError: the store failed, or other runs were faster each time.

        """

        def changed(data: bytes | None) -> bytes | None:
            found = self._parsed(data)
            wanted = change(found)
            return data if wanted == found else wanted.render()

        edit(self.store, self.key, changed)

    def forget(self) -> None:
        """Delete the record and what is kept beside it: its version is as if it had never been."""
        own = [row.key for row in self.read().artifacts.values() if row.key.startswith(self._kept_files)]
        for key in (*own, self.key):
            if head := self.store.head(key):
                self.store.delete_if_unchanged(key, head.token)

    def _parsed(self, text: bytes | None) -> "RecordContent":
        if text is None:
            return RecordContent()
        try:
            data = read_object(text)
            return RecordContent(
                artifacts={name: Released(**row) for name, row in data["artifacts"].items()},
                channels={name: Listing(**row) for name, row in data.get("channels", {}).items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(
                f"{self.key} is no record of a release: {error}", fix="remove it: it is written again"
            ) from error

    def fetch(self, released: "Released", target: Path) -> Artifact:
        """Copy a released artifact to `target`.

        Raises:
            StoreError: it is gone, or is not what was recorded.

        """
        stream = self.store.open(released.key)
        if stream is not None:
            with stream, target.open("wb") as out:
                shutil.copyfileobj(stream, out)
        published = released.signed_sha256 or released.sha256
        if stream is None or sha256_of(target) != published:
            raise StoreError(
                f"{released.key} is {'gone' if stream is None else 'not what was released'} ({published})",
                fix=f"restore it; or remove {self.key}, and it is made again from its commit",
            )
        row = {"path": target.name, "component": self.component, "version": str(self.version)}
        return Artifact.of_row(vars(released) | row, target.parent)


@dataclass(frozen=True, kw_only=True)
class Released:
    """An artifact in a store: the fields of `Artifact`, and the key of the object."""

    key: str
    kind: ArtifactKind
    name: str
    arch: Arch | Literal["multi"]
    size: int
    sha256: str
    signed_sha256: str | None


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A version in a channel: its `objects` by file name (key, and digest as published), since when, from where.

    One that was `withdrawn` (why, and when) is in no index any more; its objects may be there still. Times are
    seconds since 1970 UTC.
    """

    published: int
    objects: Mapping[str, Mapping[str, str]]
    commit: str = ""
    withdrawn: str = ""
    withdrawn_at: int = 0


@dataclass(frozen=True, kw_only=True)
class RecordContent:
    """A record as a value: the artifacts by file name, and the channels that have, or had, the version."""

    artifacts: Mapping[str, Released] = field(default_factory=dict)
    channels: Mapping[str, Listing] = field(default_factory=dict)

    @property
    def is_public(self) -> bool:
        """Whether any channel has the version."""
        return bool(self.artifacts) and (
            not self.channels or any(not listing.withdrawn for listing in self.channels.values())
        )

    def render(self) -> bytes:
        data: dict[str, Any] = {"artifacts": {name: vars(row) for name, row in self.artifacts.items()}}
        if self.channels:
            data["channels"] = {name: asdict(listing) for name, listing in sorted(self.channels.items())}
        return (json.dumps(data, indent=2) + "\n").encode()


def _moved(content: RecordContent) -> RecordContent:
    """The record whose artifacts are those of a channel that still has them."""
    left = [listing for listing in content.channels.values() if not listing.withdrawn]
    if not left:
        return content
    rows = {
        name: row if not (there := left[0].objects.get(name)) else _elsewhere(row, there)
        for name, row in content.artifacts.items()
    }
    return replace(content, artifacts=rows)


def _elsewhere(row: Released, there: Mapping[str, str]) -> Released:
    signed = None if there["sha256"] == row.sha256 else there["sha256"]
    return replace(row, key=there["key"], signed_sha256=signed)


def with_other_bytes(known: Mapping[str, str], artifacts: Iterable[Artifact]) -> list[str]:
    """The files among `artifacts` whose digest before signing is `known`, by file name, and another one."""
    return [
        artifact.path.name
        for artifact in artifacts
        if known.get(artifact.path.name, artifact.sha256) != artifact.sha256
    ]


def united(new: Listing, found: Listing | None) -> Listing:
    """What a channel has after another run: what is noted stays."""
    if found is None:
        return new
    return replace(found, objects={**new.objects, **found.objects}, commit=found.commit or new.commit)


def _row(artifact: Artifact, key: str) -> Released:
    return Released(
        key=key,
        kind=artifact.kind,
        name=artifact.name,
        arch=artifact.arch,
        size=artifact.size,
        sha256=artifact.sha256,
        signed_sha256=artifact.signed_sha256,
    )
