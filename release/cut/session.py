"""Puts a cut together from the outside world: the clone, GitHub, keys, channels, the clock."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests
from semver import Version

from release import spelling
from release.config import Channel, Config, load
from release.cut.clone import Clone
from release.cut.git import Git, run_git
from release.cut.prepare import Surroundings
from release.cut.status import Published, listed
from release.errors import GitHubError
from release.github import API_URL, GitHub, Transport, token_in
from release.signing import openpgp
from release.stores import Store
from release.stores.select import open_store

_WEB = "https://github.com"


def open_cut(
    directory: str | Path,
    *,
    environment: Mapping[str, str],
    remote: str,
    rerun: str,
    git: Git = run_git,
    session: requests.Session | None = None,
) -> Surroundings:
    """The product in `directory`, with everything that cutting a release of it needs.

    Raises:
        ConfigError, HistoryError, SigningError: see there.

    """
    path = Path(directory).resolve()
    config = load(path)
    web = f"{environment.get('GITHUB_SERVER_URL') or _WEB}/{config.project.github}"
    return Surroundings(
        directory=path,
        config=config,
        clone=Clone(path, git=git, remote=remote),
        github=open_github(config, environment, session) if config.project.github else None,
        token=token_in(environment) is not None,
        web=web if config.project.github else "",
        signer=openpgp.configured(environment),
        places=lambda component, version: _places(config, path, component, version),
        rerun=rerun,
        clock=time.time,
    )


def open_github(
    config: Config, environment: Mapping[str, str], session: requests.Session | None = None
) -> GitHub:
    """The repository that release.toml names; `GITHUB_API_URL` has the address of another GitHub.

    Raises:
        GitHubError: release.toml names none.

    """
    if config.project.github is None:
        raise GitHubError(
            "release.toml names no GitHub repository", fix='add github = "owner/name" to [project]'
        )
    transport = Transport(
        session or requests.Session(), token=token_in(environment), clock=time.time, sleep=time.sleep
    )
    return GitHub(transport, api_url=environment.get("GITHUB_API_URL") or API_URL, name=config.project.github)


def published_files(config: Config, directory: Path) -> list[Published]:
    """The files that users see in each channel, with their digests."""
    return [
        each
        for name, channel in config.channels.items()
        for each in listed(name, _store(channel, directory), channel.files)
    ]


def _store(channel: Channel, directory: Path) -> Store:
    return open_store(
        channel.store,
        directory=directory,
        progress=lambda *_: None,
        endpoint=channel.endpoint,
        region=channel.region,
    )


def _places(config: Config, directory: Path, component: str, version: Version) -> Sequence[str]:
    spelled = spelling.file_name(version)
    starts = tuple(
        f"{name}-{spelled}-" for name, package in config.packages.items() if package.component == component
    )
    found = {each.place for each in published_files(config, directory) if each.name.startswith(starts)}
    return [f"channel {place}" for place in sorted(found)] if starts else []
