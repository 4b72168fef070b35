"""What a store already has of a version: one immutable record each, written after everything is visible.

`released/COMPONENT/VERSION.json` names the artifacts with their digests and the keys of the objects that hold
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
class Released:
    """An artifact in a store: the fields of `Artifact`, and the key of the object."""

    key: str
    kind: Kind
    name: str
    arch: Arch | Literal["multi"]
    size: int
    sha256: str
    signed_sha256: str | None

    def fetch(self, store: Store, target: Path, *, component: str, version: Version) -> Artifact:
        """Copy the artifact to `target`.

        Raises:
            StoreError: it is gone, or is not what was recorded.

        """
        stream = store.open(self.key)
        if stream is not None:
            with stream, target.open("wb") as out:
                shutil.copyfileobj(stream, out)
        published = self.signed_sha256 or self.sha256
        if stream is None or sha256_of(target) != published:
            raise StoreError(
                f"{self.key} is {'gone' if stream is None else 'not what was released'} ({published})",
                fix=f"restore it; or remove {key_of(component, version)}, and it is made again from its commit",
            )
        return Artifact(
            path=target,
            kind=self.kind,
            component=component,
            name=self.name,
            version=version,
            arch=self.arch,
            size=self.size,
            sha256=self.sha256,
            signed_sha256=self.signed_sha256,
        )


def key_of(component: str, version: Version) -> str:
    """Where the record of a component's version is."""
    return f"released/{component}/{spelling.s3_key(version)}.json"


def find(store: Store, component: str, version: Version) -> dict[str, Released]:
    """The released artifacts of a version by their file names; none where it was not released to this store.

    Raises:
        StoreError: the record cannot be read.

    """
    key = key_of(component, version)
    stored = store.get(key)
    if stored is None:
        return {}
    try:
        return {name: Released(**fields) for name, fields in json.loads(stored.data)["artifacts"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"{key} is no record of a release: {error}", fix="remove it: it is written again"
        ) from error


def record(
    store: Store, component: str, version: Version, artifacts: Iterable[Artifact], keys: Mapping[str, str]
) -> None:
    """Record what was published of a version: those of its `artifacts` whose file names are in `keys`.

    Their bills of materials, which no publisher takes, are kept beside the record.
    """
    own = {artifact.path.name: artifact for artifact in artifacts}
    rows = {name: _row(artifact, keys[name]) for name, artifact in own.items() if name in keys}
    for name in list(rows):
        if document := own.get(name + SBOM_SUFFIX):
            key = f"released/{component}/objects/{document.sha256}"
            store.put_if_absent(key, document.path)
            rows[document.path.name] = _row(document, key)
    if rows:
        text = json.dumps({"artifacts": dict(sorted(rows.items()))}, indent=2) + "\n"
        store.put_if_absent(key_of(component, version), text.encode())


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
