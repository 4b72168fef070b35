"""Puts a cut together from the outside world: the clone, GitHub, keys, channels, the clock."""

import time
from collections.abc import Mapping
from pathlib import Path

import requests

from jesses.channel.access import Access
from jesses.config import load
from jesses.cut.channels import ChannelContents
from jesses.cut.context import CutContext
from jesses.history.ci import detect
from jesses.history.clone import Clone
from jesses.history.git import RunGit, run_git
from jesses.image.registry.network import new_session
from jesses.publish.github import token_in

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
    access = Access(
        config=config,
        directory=path,
        environment=environment,
        ci=detect(environment),
        tell=lambda _: None,
        session=session or new_session(),
    )
    stores = {name: access.channel(name).store for name in config.channels}
    return CutContext(
        directory=path,
        config=config,
        clone=Clone(path, git=git, remote=remote),
        github=access.github() if config.project.github else None,
        token=token_in(environment) is not None,
        web=web if config.project.github else "",
        signer=access.key(),
        channels=ChannelContents(config, stores),
        rerun=rerun,
        clock=time.time,
    )
