"""`latest/COMPONENT.json`: which version of a component is the highest, and its files.

It moves only forward, by the order of versions, whatever order releases are made in.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from semver import Version

from jesses.base.documents import read_object
from jesses.base.errors import RepositoryError
from jesses.base.naming.moving_tags import rank
from jesses.publish.shared.objects import RepositoryObjects

DIRECTORY: Final = "latest"


@dataclass(frozen=True, kw_only=True)
class Latest:
    """A version and its files: digests by name."""

    version: Version
    files: Mapping[str, str]

    def render(self, url: str) -> bytes:
        files = {
            name: {"url": f"{url}/{name}", "sha256": digest} for name, digest in sorted(self.files.items())
        }
        return (json.dumps({"version": str(self.version), "files": files}, indent=2) + "\n").encode()


def path(component: str) -> str:
    """Where it lies below the files."""
    return f"{DIRECTORY}/{component}.json"


def version_of(objects: RepositoryObjects, component: str) -> Version | None:
    """The version that it names; raises `RepositoryError` where what is there cannot be read."""
    stored = objects.get(path(component))
    return _version(objects.key(path(component)), stored.data) if stored else None


def move_forward(objects: RepositoryObjects, component: str, new: Latest, *, url: str) -> None:
    """Let it name `new`, where it does not name a higher version; the files are below `url`.

    Raises:
        RepositoryError: what is there cannot be read.
        StoreError: the store failed, or other jobs were faster each time.

    """
    key = objects.key(path(component))

    def forward(found: bytes | None) -> bytes | None:
        is_higher = found is not None and rank(_version(key, found)) > rank(new.version)
        return found if is_higher else new.render(url)

    objects.edit(path(component), forward)


def put_back(
    objects: RepositoryObjects, component: str, gone: Version, left: Latest | None, *, url: str
) -> None:
    """Where it names `gone`, let it name `left` instead, or nothing; errors as `move_forward`."""
    key = objects.key(path(component))

    def back(found: bytes | None) -> bytes | None:
        if found is None or _version(key, found) != gone:
            return found
        return left.render(url) if left else None

    objects.edit(path(component), back)


def _version(key: str, data: bytes) -> Version:
    try:
        return Version.parse(read_object(data)["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise RepositoryError(
            f"{key} does not name a version", fix="delete it, then run again: it is written anew"
        ) from error
