"""A small client for GitHub's REST API, version 2022-11-28: what a release needs of it, as frozen values."""

from release.github.client import GitHub
from release.github.dry_run import DryRunGitHub, Releases
from release.github.models import Asset, Milestone, Pull, Release, Verdict
from release.github.transport import API_URL, Transport, token_in

__all__ = [
    "API_URL",
    "Asset",
    "DryRunGitHub",
    "GitHub",
    "Milestone",
    "Pull",
    "Release",
    "Releases",
    "Transport",
    "Verdict",
    "token_in",
]
