"""The pull requests behind commits, each asked for once."""

from collections.abc import Iterable

from jesses.history.notes import Contribution, PullRequest
from jesses.publish.github import GitHub, Pull


class PullRequests:
    """Asks `github` for the pull requests of commits; knows none without it.

    Raises (every method):
        GitHubError: GitHub does not answer.

    """

    def __init__(self, github: GitHub | None) -> None:
        self._github = github
        self._known: dict[str, Pull | None] = {}

    def merged(self, contributions: Iterable[Contribution]) -> dict[str, Pull]:
        """The merged pull request of each commit that has one, by the commit's origin."""
        origins = dict.fromkeys(contribution.origin for contribution in contributions)
        found = {origin: self._of(origin) for origin in origins}
        return {origin: pull for origin, pull in found.items() if pull}

    def for_notes(self, contributions: Iterable[Contribution]) -> dict[str, PullRequest]:
        """The same, as notes need them."""
        return {
            origin: PullRequest(
                number=pull.number,
                title=pull.title,
                body=pull.body,
                author=pull.author,
                url=pull.url,
                author_url=pull.author_url,
            )
            for origin, pull in self.merged(contributions).items()
        }

    def _of(self, sha: str) -> Pull | None:
        if self._github is None:
            return None
        if sha not in self._known:
            merged = (pull for pull in self._github.pulls_of(sha) if pull.merged)
            self._known[sha] = min(merged, default=None, key=lambda pull: pull.number)
        return self._known[sha]
