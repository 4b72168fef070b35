"""Which jesses a product installs: the one that looks at it, by its exact origin and commit.

A bare name would be installed from a package index, where anybody may own it, in jobs that later hold the
signing key.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from jesses.base.errors import ConfigError
from jesses.history.git import run_git

BUILD_FILE: Final = "origin.json"
"""What the build of a wheel writes into the package (`ci/hatch_build.py`)."""
_SCP_LIKE: Final = re.compile(r"(?:(?P<user>[\w.-]+)@)?(?P<host>[\w.-]+):(?!//)(?P<path>.+)")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A git repository and a commit in it."""

    url: str
    commit: str

    @property
    def requirement(self) -> str:
        """The same for pip (PEP 508, "Direct references"; pip's documentation, "VCS Support").

        >>> Origin(url="git@example.org:tools/jesses.git", commit="a" * 40).requirement[:51]
        'jesses @ git+ssh://git@example.org/tools/jesses.git'
        """
        return f"jesses @ git+{_address(self.url)}@{self.commit}"


def own_requirement(package: Path) -> str:
    """The requirement for the jesses that runs from the directory `package`.

    Raises:
        ConfigError: nobody knows where it came from.

    """
    for find in (_from_build, _from_installer, _from_checkout):
        if found := find(package):
            return found.requirement
    raise ConfigError(
        "nobody knows which repository and commit this jesses came from, and a bare name is anybody's",
        fix="name it as pip does: --jesses 'jesses @ git+https://HOST/jesses@COMMIT'",
    )


def _from_build(package: Path) -> Origin | None:
    """What the build of the wheel wrote into it."""
    try:
        return _origin(json.loads((package / BUILD_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return None


def _from_installer(_package: Path, find: Callable[[str], Distribution] = distribution) -> Origin | None:
    """What pip remembers of an installation from a repository (PEP 610, `direct_url.json`)."""
    try:
        data = json.loads(find("jesses").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError, RecursionError):
        return None
    info = data.get("vcs_info") if isinstance(data, dict) else None
    return (
        _origin({"url": data.get("url"), "commit": info.get("commit_id")}) if isinstance(info, dict) else None
    )


def _from_checkout(package: Path) -> Origin | None:
    """The remote and the commit of a git checkout, if the package lies in `release/` of one."""
    root = package.parents[1]
    if not (root / ".git").exists():
        return None

    def ask(*argv: str) -> str:
        return run_git(*argv, cwd=root).out

    return _origin({"url": ask("remote", "get-url", "origin"), "commit": ask("rev-parse", "HEAD")})


def _origin(data: object) -> Origin | None:
    if not isinstance(data, dict):
        return None
    url, commit = data.get("url"), data.get("commit")
    if not isinstance(url, str) or not url or not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        return None
    return Origin(url=url, commit=commit)


def _address(url: str) -> str:
    """A repository's address as a URL, without a password."""
    if found := _SCP_LIKE.fullmatch(url):
        user = f"{found['user']}@" if found["user"] else ""
        return f"ssh://{user}{found['host']}/{found['path'].lstrip('/')}"
    parts = urlsplit(url)
    if not parts.scheme:
        return Path(url).resolve().as_uri()
    host = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.scheme == "ssh" and parts.username else ""
    return urlunsplit((parts.scheme, user + host, parts.path, "", ""))
