"""A small client for GitHub's REST API, version 2022-11-28: what a release needs of it, as frozen values."""

from jesses.publish.github.client import GitHub
from jesses.publish.github.dry_run import DryRunGitHub, Releases
from jesses.publish.github.models import Asset, GitHubRelease, Milestone, Pull, Verdict
from jesses.publish.github.transport import API_URL, GitHubTransport, token_in

__all__ = [
    "API_URL",
    "Asset",
    "DryRunGitHub",
    "GitHub",
    "GitHubRelease",
    "GitHubTransport",
    "Milestone",
    "Pull",
    "Releases",
    "Verdict",
    "token_in",
]
