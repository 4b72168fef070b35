"""One repository on GitHub, as far as a release needs it."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from jesses.base.errors import GitHubError
from jesses.publish.github.models import Asset, GitHubRelease, Milestone, Pull, Verdict
from jesses.publish.github.transport import TRIES, GitHubTransport

T = TypeVar("T")
_NOT_FOUND, _UNPROCESSABLE, _SERVER_ERROR = 404, 422, 500


class GitHub:
    """The repository `name` (owner/name) behind the API at `api_url`.

    Raises (every method):
        GitHubError: GitHub refused, failed, or answered something else.

    """

    def __init__(self, transport: GitHubTransport, *, api_url: str, name: str) -> None:
        self._transport = transport
        self._api = api_url.rstrip("/")
        self._base = f"{self._api}/repos/{name}"
        self.name = name

    def login(self) -> str:
        """Whose token this is."""
        return _parsed(lambda data: str(data["login"]), self._transport.get(f"{self._api}/user"))

    def releases(self) -> Iterator[GitHubRelease]:
        """Every release, newest first; drafts too, where the token may push."""
        return _each(GitHubRelease.from_response, self._transport.pages(f"{self._base}/releases"))

    def latest_release(self) -> GitHubRelease | None:
        """The one that GitHub calls the latest."""
        try:
            return _parsed(GitHubRelease.from_response, self._transport.get(f"{self._base}/releases/latest"))
        except GitHubError as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    def release_of(self, tag: str) -> GitHubRelease | None:
        """The release of `tag`: the published one, or the oldest draft."""
        found = [release for release in self.releases() if release.tag == tag]
        return min(found, key=lambda release: (release.draft, release.id), default=None)

    def draft_of(self, tag: str, *, name: str, prerelease: bool) -> GitHubRelease:
        """The release of `tag`, a draft where there is none yet. Two that run at once agree on the oldest."""
        body = {"tag_name": tag, "name": name, "draft": True, "prerelease": prerelease}
        made = self._create_once(
            lambda: self.release_of(tag), lambda: self._post(GitHubRelease.from_response, "releases", body)
        )
        return self.release_of(tag) or made

    def publish(self, release: GitHubRelease, *, body: str, prerelease: bool, latest: bool) -> GitHubRelease:
        """Make a release visible, with its text."""
        return self._edit(
            release, draft=False, body=body, prerelease=prerelease, make_latest="true" if latest else "false"
        )

    def make_latest(self, release: GitHubRelease) -> GitHubRelease:
        """Have GitHub call `release` the latest."""
        return self._edit(release, make_latest="true")

    def assets(self, release: GitHubRelease) -> Iterator[Asset]:
        return _each(Asset.from_response, self._transport.pages(f"{self._base}/releases/{release.id}/assets"))

    def upload(self, release: GitHubRelease, name: str, path: Path) -> Asset:
        """Add a file to a release. What an upload that was cut off has left is removed first."""

        def find() -> Asset | None:
            for asset in self.assets(release):
                if asset.name == name and asset.complete:
                    return asset
                if asset.name == name:
                    self._transport.delete(asset.url)
            return None

        def send() -> Asset:
            with path.open("rb") as data:
                return _parsed(Asset.from_response, self._transport.upload(release.upload_url, name, data))

        return self._create_once(find, send)

    def digest(self, asset: Asset) -> str:
        """The SHA-256 of an asset's bytes: as GitHub says it, or of the bytes themselves."""
        if asset.sha256:
            return asset.sha256
        digest = hashlib.sha256()
        for chunk in self._transport.download(asset.url):
            digest.update(chunk)
        return digest.hexdigest()

    def content(self, asset: Asset) -> bytes:
        """The bytes of a small asset."""
        return b"".join(self._transport.download(asset.url))

    def pulls_of(self, sha: str) -> Iterator[Pull]:
        """The pull requests that brought a commit."""
        return _each(Pull.from_response, self._transport.pages(f"{self._base}/commits/{sha}/pulls"))

    def pull_from(self, branch: str) -> Pull | None:
        """The newest pull request whose head is `branch` of this repository, whatever its state."""
        owner = self.name.partition("/")[0]
        found = self._transport.pages(f"{self._base}/pulls", state="all", head=f"{owner}:{branch}")
        return next(_each(Pull.from_response, found), None)

    def open_pull(self, *, head: str, base: str, title: str, body: str) -> Pull:
        """The pull request from `head` to `base`, opened where there is none."""
        wanted = {"title": title, "head": head, "base": base, "body": body}
        return self._create_once(
            lambda: self.pull_from(head), lambda: self._post(Pull.from_response, "pulls", wanted)
        )

    def milestones(self) -> Iterator[Milestone]:
        """Every milestone, closed ones too."""
        return _each(Milestone.from_response, self._transport.pages(f"{self._base}/milestones", state="all"))

    def merged_in(self, milestone: Milestone) -> Iterator[Pull]:
        """The merged pull requests of a milestone."""
        issues = self._transport.pages(
            f"{self._base}/issues", milestone=str(milestone.number), state="closed"
        )
        pulls = (issue for issue in issues if issue.get("pull_request"))
        return (pull for pull in _each(Pull.from_response, pulls) if pull.merged)

    def verdicts(self, sha: str) -> Iterator[Verdict]:
        """What CI says of a commit: check runs and commit statuses."""
        runs = self._transport.pages(f"{self._base}/commits/{sha}/check-runs", of="check_runs")
        yield from _each(Verdict.from_check_run, runs)
        statuses = self._transport.pages(f"{self._base}/commits/{sha}/status", of="statuses")
        yield from _each(Verdict.from_status, statuses)

    def _create_once(self, find: Callable[[], T | None], create: Callable[[], T]) -> T:
        """What `find` finds, or what `create` makes.

        An attempt that failed may have taken effect all the same, so each next one looks first: nothing is
        made twice, and "already exists" is what was wanted.
        """
        refused: GitHubError | None = None
        for attempt in range(1, TRIES + 1):
            if (found := find()) is not None:
                return found
            if refused:
                break
            try:
                return create()
            except GitHubError as error:
                if error.status == _UNPROCESSABLE or attempt == TRIES:
                    refused = error
                elif 0 < error.status < _SERVER_ERROR:
                    raise
                self._transport.pause(attempt)
        raise refused or AssertionError("every attempt ends above")

    def _post(self, parse: Callable[[Mapping[str, Any]], T], what: str, body: Mapping[str, Any]) -> T:
        return _parsed(parse, self._transport.create(f"{self._base}/{what}", body))

    def _edit(self, release: GitHubRelease, **changes: str | bool) -> GitHubRelease:
        url = f"{self._base}/releases/{release.id}"
        return _parsed(GitHubRelease.from_response, self._transport.change(url, changes))


def _parsed(parse: Callable[[Mapping[str, Any]], T], data: Any) -> T:  # noqa: ANN401
    try:
        return parse(data)
    except (KeyError, TypeError, AttributeError) as error:
        raise GitHubError(
            f"GitHub answers something else than its API says ({type(error).__name__}: {error})",
            fix="check GITHUB_API_URL",
        ) from error


def _each(parse: Callable[[Mapping[str, Any]], T], items: Iterable[Any]) -> Iterator[T]:
    return (_parsed(parse, item) for item in items)
