"""Puts a cut together from the outside world: the clone, GitHub, keys, channels, the clock."""

import time
from collections.abc import Mapping
from pathlib import Path

import requests

from release.config import Channel, Config, load
from release.cut.channels import Channels
from release.cut.clone import Clone
from release.cut.git import Git, run_git
from release.cut.prepare import Surroundings
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
        channels=Channels(config, {name: _store(channel, path) for name, channel in config.channels.items()}),
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


def _store(channel: Channel, directory: Path) -> Store:
    return open_store(
        channel.store,
        directory=directory,
        progress=lambda *_: None,
        endpoint=channel.endpoint,
        region=channel.region,
    )
