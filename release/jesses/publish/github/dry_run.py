"""A GitHub that changes nothing: it reads through, and remembers what would have been published."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal, Protocol

from jesses.base.digest import sha256_of
from jesses.publish.github.models import Asset, GitHubRelease
from jesses.stores.dry_run import StoreChange


class Releases(Protocol):
    """The releases of a repository on GitHub; what each method means stands at `GitHub`."""

    name: str

    def releases(self) -> Iterator[GitHubRelease]: ...

    def latest_release(self) -> GitHubRelease | None: ...

    def release_of(self, tag: str) -> GitHubRelease | None: ...

    def draft_of(self, tag: str, *, name: str, prerelease: bool) -> GitHubRelease: ...

    def publish(
        self, release: GitHubRelease, *, body: str, prerelease: bool, latest: bool
    ) -> GitHubRelease: ...

    def make_latest(self, release: GitHubRelease) -> GitHubRelease: ...

    def assets(self, release: GitHubRelease) -> Iterator[Asset]: ...

    def upload(self, release: GitHubRelease, name: str, path: Path) -> Asset: ...

    def digest(self, asset: Asset) -> str: ...

    def content(self, asset: Asset) -> bytes: ...


class DryRunGitHub:
    """Reads see what was written here before what is on GitHub."""

    def __init__(self, github: Releases) -> None:
        self._github = github
        self._edited: dict[str, GitHubRelease] = {}
        self._assets: dict[str, list[Asset]] = {}
        self._latest: GitHubRelease | None = None
        self._changes: dict[str, StoreChange] = {}
        self.name = github.name

    @property
    def changes(self) -> tuple[StoreChange, ...]:
        """Every release and asset that would be other than it is, in the order of the first change."""
        return tuple(self._changes.values())

    def releases(self) -> Iterator[GitHubRelease]:
        there = [self._edited.get(release.tag, release) for release in self._github.releases()]
        known = {release.tag for release in there}
        yield from (release for tag, release in self._edited.items() if tag not in known)
        yield from there

    def latest_release(self) -> GitHubRelease | None:
        return self._latest or self._github.latest_release()

    def release_of(self, tag: str) -> GitHubRelease | None:
        return self._edited.get(tag) or self._github.release_of(tag)

    def draft_of(self, tag: str, *, name: str, prerelease: bool) -> GitHubRelease:
        if found := self.release_of(tag):
            return found
        url = f"https://github.com/{self.name}/releases/tag/{tag}"
        draft = GitHubRelease(
            id=0, tag=tag, name=name, body="", draft=True, prerelease=prerelease, html_url=url, upload_url=""
        )
        self._assets[tag] = []
        return self._change(draft, "new")

    def publish(self, release: GitHubRelease, *, body: str, prerelease: bool, latest: bool) -> GitHubRelease:
        published = self._change(replace(release, draft=False, body=body, prerelease=prerelease), "replaced")
        return self.make_latest(published) if latest else published

    def make_latest(self, release: GitHubRelease) -> GitHubRelease:
        self._latest = release
        self._note("the latest release", "replaced", 0)
        return release

    def assets(self, release: GitHubRelease) -> Iterator[Asset]:
        there = self._github.assets(release) if release.id else ()
        yield from (*there, *self._assets.get(release.tag, ()))

    def upload(self, release: GitHubRelease, name: str, path: Path) -> Asset:
        size = path.stat().st_size
        asset = Asset(id=0, name=name, size=size, complete=True, sha256=sha256_of(path), url="")
        self._assets.setdefault(release.tag, []).append(asset)
        self._note(f"release {release.tag}: {name}", "new", size)
        return asset

    def digest(self, asset: Asset) -> str:
        return asset.sha256 or self._github.digest(asset)

    def content(self, asset: Asset) -> bytes:
        return self._github.content(asset)

    def _change(self, release: GitHubRelease, kind: Literal["new", "replaced"]) -> GitHubRelease:
        self._edited[release.tag] = release
        self._note(f"release {release.tag}", kind, len(release.body.encode()))
        return release

    def _note(self, what: str, kind: Literal["new", "replaced"], size: int) -> None:
        key = f"GitHub {self.name}: {what}"
        known = self._changes.get(key)
        self._changes[key] = StoreChange(key=key, kind=known.kind if known else kind, size=size)
