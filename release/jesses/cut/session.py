"""Puts a cut together from the outside world: the clone, GitHub, keys, channels, the clock."""

import time
from collections.abc import Mapping
from pathlib import Path

import requests

from jesses.base.progress import no_progress
from jesses.config import Channel, load
from jesses.cut.channels import ChannelContents
from jesses.cut.context import CutContext
from jesses.history.clone import Clone
from jesses.history.git import RunGit, run_git
from jesses.publish.github import token_in
from jesses.publish.github.factory import open_github
from jesses.signing import openpgp
from jesses.stores import Store
from jesses.stores.factory import open_store

_WEB = "https://github.com"


def open_cut(
    directory: str | Path,
    *,
    environment: Mapping[str, str],
    remote: str,
    rerun: str,
    git: RunGit = run_git,
    session: requests.Session | None = None,
) -> CutContext:
    """The product in `directory`, with everything that cutting a release of it needs.

    Raises:
        ConfigError, HistoryError, SigningError: see there.

    """
    path = Path(directory).resolve()
    config = load(path)
    web = f"{environment.get('GITHUB_SERVER_URL') or _WEB}/{config.project.github}"
    stores = {name: _store(channel, path) for name, channel in config.channels.items()}
    return CutContext(
        directory=path,
        config=config,
        clone=Clone(path, git=git, remote=remote),
        github=open_github(config, environment, session) if config.project.github else None,
        token=token_in(environment) is not None,
        web=web if config.project.github else "",
        signer=openpgp.from_environment(environment),
        channels=ChannelContents(config, stores),
        rerun=rerun,
        clock=time.time,
    )


def _store(channel: Channel, directory: Path) -> Store:
    return open_store(
        channel.store,
        directory=directory,
        progress=no_progress,
        endpoint=channel.endpoint,
        region=channel.region,
    )
