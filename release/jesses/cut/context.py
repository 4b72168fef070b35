"""What cutting a release is given from outside."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jesses.config import Config
from jesses.cut.channels import ChannelContents
from jesses.history.clone import Clone
from jesses.publish.github import GitHub
from jesses.signing import Signer


@dataclass(frozen=True, kw_only=True)
class CutContext:
    """The product, and the tools that a cut uses.

    `github` is None where release.toml names no repository, `token` whether it can be asked; `web` is the
    address of the repository's pages. `channels` are read to see what is published already;
    `rerun` is the command that goes on after an interruption; `clock` gives seconds since 1970 UTC.
    """

    directory: Path
    config: Config
    clone: Clone
    github: GitHub | None
    token: bool
    web: str
    signer: Signer | None
    channels: ChannelContents
    rerun: str
    clock: Callable[[], float]

    @property
    def open_github(self) -> GitHub | None:
        """GitHub, where it can be asked."""
        return self.github if self.token else None
