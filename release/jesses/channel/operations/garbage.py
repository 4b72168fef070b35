"""Objects that nothing refers to any more are deleted, a week after they were found so.

A client that has read an index goes on with what it names, so what was retired stays for a while. When that was, a
store does not say: an object's age counts from when it was written. So `retired` remembers it, in one object
for each channel.
"""

import html
import json
import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

from jesses.base.documents import read_object
from jesses.base.errors import StoreError
from jesses.channel import keys
from jesses.channel.operations.opened import DAY, OpenedChannel
from jesses.channel.records import RecordContent
from jesses.publish.apt.metadata import ReleaseFile
from jesses.publish.apt.repository import COMPONENT
from jesses.publish.shared.objects import RepositoryObjects
from jesses.publish.yum import repomd
from jesses.publish.yum.repomd import REPODATA
from jesses.publish.yum.repository import REPOMD
from jesses.stores import ListedObject
from jesses.stores.edit import edit

KEEP: Final = 7 * DAY

_SUITE: Final = re.compile(r"dists/([^/]+)/(?:InRelease|Release)")
_BY_HASH: Final = re.compile(r"dists/.+/by-hash/SHA256/[0-9a-f]{64}")
_POOL: Final = re.compile(rf"pool/{COMPONENT}/.+\.deb")
_PACKAGE: Final = re.compile(r"packages/[^/]+\.rpm")
_SNAPSHOT: Final = re.compile(r"snap/.+")
_LIST: Final = re.compile(rf"{REPODATA}/(?!repomd\.xml).+")
_HREF: Final = re.compile(rb"<location\b[^>]*?\bhref=[\"']([^\"']+)[\"']")

Retired = Mapping[str, int]
"""Since when (seconds since 1970 UTC) nothing refers to an object, by key."""


def collect(channel: OpenedChannel, records: Iterable[RecordContent]) -> list[str]:
    """Delete what was retired a week ago, remember what is retired now; gives the keys that were deleted.

    `records` are all of the store: what they say of withdrawn versions is when their files were retired.

    What is younger than a week is left alone and not remembered: it may belong to a release that is under way.

    Raises:
        RepositoryError: a repository is damaged, or another key signed it: nothing was deleted.
        StoreError: the store failed.

    """
    now = channel.clock()
    withdrawn, alive = _listed_versions(channel, records)
    unused = [*_unused_apt(channel, withdrawn), *_unused_yum(channel)]
    unused += [
        listed for listed in channel.store.list(f"{channel.settings.files}/") if listed.key in withdrawn
    ]
    since: dict[str, int] = {}
    remembered = read(channel)
    for listed in unused:
        if listed.key in alive:
            continue
        if listed.key in withdrawn:
            since[listed.key] = withdrawn[listed.key]
        elif now - listed.modified >= KEEP:
            since[listed.key] = remembered.get(listed.key, int(now))
    old = sorted(key for key, start in since.items() if now - start >= KEEP)
    # Remembered first: what cannot be deleted now is not younger the next time.
    _remember(
        channel, {key: start for key, start in since.items() if key not in withdrawn and key not in old}
    )
    return [key for key in old if _delete(channel, key)]


def read(channel: OpenedChannel) -> Retired:
    """What was found retired before.

    Raises:
        StoreError: the store failed, or the object is damaged.

    """
    stored = channel.store.get(_key(channel))
    try:
        data = read_object(stored.data)["retired"] if stored else {}
        return {str(key): int(since) for key, since in data.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"{_key(channel)} does not say what is retired", fix="delete it: everything waits another week"
        ) from error


def _key(channel: OpenedChannel) -> str:
    return keys.retired(channel.project, channel.name)


def _remember(channel: OpenedChannel, retired: Retired) -> None:
    data = (json.dumps({"retired": dict(sorted(retired.items()))}, indent=2) + "\n").encode()
    edit(channel.store, _key(channel), lambda found: data if found is not None or retired else None)


def _delete(channel: OpenedChannel, key: str) -> bool:
    head = channel.store.head(key)
    return head is not None and channel.store.delete_if_unchanged(key, head.token)


def _listed_versions(
    channel: OpenedChannel, records: Iterable[RecordContent]
) -> tuple[dict[str, int], set[str]]:
    """The objects of versions withdrawn from this channel, and since when; and those that any channel has."""
    withdrawn: dict[str, int] = {}
    alive: set[str] = set()
    for content in records:
        for name, listing in content.channels.items():
            there = [entry["key"] for entry in listing.objects.values()]
            if not listing.withdrawn:
                alive.update(there)
            elif name == channel.name:
                withdrawn |= dict.fromkeys(there, listing.withdrawn_at)
    return withdrawn, alive


def _unused_apt(channel: OpenedChannel, withdrawn: Collection[str]) -> Iterator[ListedObject]:
    """Of package files and indexes, those that no suite names."""
    objects = channel.apt_objects
    listed = {found.key: found for found in channel.store.list(objects.key(""))}
    paths = {key.removeprefix(objects.key("")): found for key, found in listed.items()}
    used: set[str] = set()
    own = True
    for suite in sorted({match[1] for path in paths if (match := _SUITE.fullmatch(path))}):
        snapshot = channel.apt(suite).read()
        if snapshot.release:
            used |= set(_by_hash(suite, snapshot.release))
            own &= all(path.startswith(f"{COMPONENT}/") for path in snapshot.release.files)
        used |= {stanza.filename for index in snapshot.indexes.values() for stanza in index.stanzas()}
    for path, found in paths.items():
        # What other components name is not read here.
        pool = _POOL.fullmatch(path) and (own or found.key in withdrawn)
        if path not in used and (pool or _BY_HASH.fullmatch(path)):
            yield found


def _by_hash(suite: str, release: ReleaseFile) -> Iterator[str]:
    for path, digest in release.files.items():
        yield posixpath.join("dists", suite, posixpath.dirname(path), f"by-hash/SHA256/{digest.sha256}")


def _unused_yum(channel: OpenedChannel) -> Iterator[ListedObject]:
    """Of package files, snapshots and lists, those that neither the pointer nor the root names."""
    objects = channel.yum_objects
    snapshot = channel.yum().read()
    if snapshot.repomd is None:
        return
    used = {
        posixpath.normpath(posixpath.join("snap/any", href))
        for href in hrefs(snapshot.lists.documents["primary"])
    }
    copies = channel.settings.plain_copies
    root = objects.get(REPOMD) if copies else None
    if root:
        used |= set(hrefs(root.data)) | set(
            hrefs(repomd.read_list(root.data, "primary", _reader(objects))[0])
        )
    for found in channel.store.list(objects.key("")):
        path = found.key.removeprefix(objects.key(""))
        if path in used or (snapshot.base and path.startswith(f"{snapshot.base}/")):
            continue
        # Without copies nobody keeps the root up to date, and what it has stays.
        if _PACKAGE.fullmatch(path) or _SNAPSHOT.fullmatch(path) or (copies and _LIST.fullmatch(path)):
            yield found


def _reader(objects: RepositoryObjects) -> Callable[[str], bytes]:
    def read_object(path: str) -> bytes:
        with objects.open(path) as stream:
            return stream.read()

    return read_object


def hrefs(document: bytes) -> list[str]:
    """The locations that a list or a `repomd.xml` names.

    >>> hrefs(b'<location href="../../packages/a&amp;b.rpm"/>')
    ['../../packages/a&b.rpm']
    """
    return [html.unescape(found.decode()) for found in _HREF.findall(document)]
