"""What a store already has of a version: one immutable record each, written after everything is visible.

It lies beside the journals and names the artifacts with their digests and the keys of the objects that hold
them, so that a later release takes a component that did not change from there.
"""

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from semver import Version

from release import spelling
from release.arch import Arch
from release.artifact import Artifact, Kind
from release.digest import sha256_of
from release.errors import StoreError
from release.formats.sbom import SUFFIX as SBOM_SUFFIX
from release.stores import Store


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
        return f"{self._directory}/{spelling.s3_key(self.version)}.json"

    @property
    def _directory(self) -> str:
        return f"journal/{self.project}/released/{self.component}"

    def artifacts(self) -> dict[str, "Released"]:
        """The released artifacts by their file names; none where the version was not released to this store.

        Raises:
            StoreError: the record cannot be read.

        """
        stored = self.store.get(self.key)
        if stored is None:
            return {}
        try:
            return {name: Released(**row) for name, row in json.loads(stored.data)["artifacts"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(
                f"{self.key} is no record of a release: {error}", fix="remove it: it is written again"
            ) from error

    def write(self, artifacts: Iterable[Artifact], keys: Mapping[str, str]) -> None:
        """Write it, once: those of the version's `artifacts` whose file names are in `keys`.

        Their bills of materials, which no publisher takes, are kept beside it.
        """
        if self.store.head(self.key):
            return
        own = {artifact.path.name: artifact for artifact in artifacts}
        rows = {name: _row(artifact, keys[name]) for name, artifact in own.items() if name in keys}
        for name in list(rows):
            if document := own.get(name + SBOM_SUFFIX):
                key = f"{self._directory}/objects/{document.sha256}"
                self.store.put_if_absent(key, document.path)
                rows[document.path.name] = _row(document, key)
        if rows:
            text = json.dumps({"artifacts": dict(sorted(rows.items()))}, indent=2) + "\n"
            self.store.put_if_absent(self.key, text.encode())

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
        return Artifact(
            path=target,
            kind=released.kind,
            component=self.component,
            name=released.name,
            version=self.version,
            arch=released.arch,
            size=released.size,
            sha256=released.sha256,
            signed_sha256=released.signed_sha256,
        )


@dataclass(frozen=True, kw_only=True)
class Released:
    """An artifact in a store: the fields of `Artifact`, and the key of the object."""

    key: str
    kind: Kind
    name: str
    arch: Arch | Literal["multi"]
    size: int
    sha256: str
    signed_sha256: str | None


def _row(artifact: Artifact, key: str) -> dict[str, Any]:
    return {
        "key": key,
        "kind": artifact.kind,
        "name": artifact.name,
        "arch": artifact.arch,
        "size": artifact.size,
        "sha256": artifact.sha256,
        "signed_sha256": artifact.signed_sha256,
    }
