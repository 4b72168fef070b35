"""The outside world of releases, cuts and operations: stores, keys, registries and GitHub are opened here."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import requests

from jesses.base.progress import Progress, no_progress
from jesses.channel import target
from jesses.channel.target import Target
from jesses.config import Config
from jesses.history.ci import Ci
from jesses.image.registry.network import new_session
from jesses.plan.channels import channel_named
from jesses.publish import HoldLease
from jesses.publish.github import DryRunGitHub, GitHub, Releases
from jesses.publish.github.factory import open_github
from jesses.publish.images.factory import RegistryAccess, open_registries
from jesses.signing import Signer, ecdsa, keyless, openpgp
from jesses.stores import Store


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a product in `directory` reaches, with the credentials of `environment`.

    `tell` is told what is waited for or tried again, `progress` how uploads go on. Without `sign` no key is
    looked for. With `dry_run` nothing is changed and no lease is held; with `take_over` nobody is waited for.
    """

    config: Config
    directory: Path
    environment: Mapping[str, str]
    ci: Ci
    tell: Callable[[str], object]
    progress: Progress = no_progress
    sign: bool = True
    dry_run: bool = False
    take_over: bool = False
    session: requests.Session = field(default_factory=new_session)
    """The connections to registries and GitHub, which all of a run shares."""

    def channel(self, name: str) -> Target:
        """The channel of this name, for reading.

        Raises:
            ConfigError: release.toml has no such channel.
            StoreError: its store cannot be used.

        """
        return target.open_channel(channel_named(name, self.config), self.directory, progress=self.progress)

    def key(self) -> Signer | None:
        """The configured key for packages, if there is one; raises `SigningError` where it cannot be used."""
        return openpgp.from_environment(self.environment) if self.sign else None

    def repository_key(self, key: Signer | None) -> Signer | None:
        """What signs repositories: `key`, and the one that it replaces; raises `SigningError` as `key` does."""
        return openpgp.for_repositories(key, self.environment)

    def lease(self, channel: str | None, store: Store) -> HoldLease:
        """What holds the lease of a channel while a block runs; nothing in a dry run."""
        if self.dry_run:
            return nullcontext
        return target.channel_lease(
            store,
            project=self.config.project.name,
            channel=channel,
            ci=self.ci,
            tell=self.tell,
            take_over=self.take_over,
        )

    def registries(self, lease: HoldLease) -> RegistryAccess:
        """What image registries are reached with; tags move while `lease` is held."""
        home = Path.home()
        return RegistryAccess(
            registries=open_registries(self.session, self.environment, home=home, note=self.tell),
            environment=self.environment,
            home=home,
            tell=self.tell,
            progress=self.progress,
            key=ecdsa.from_environment(self.environment) if self.sign else None,
            notary=keyless.from_environment(self.environment) if self.sign else None,
            lease=lease,
            dry_run=self.dry_run,
            ci=self.ci,
        )

    def github(self) -> GitHub:
        """The product's repository on GitHub; raises `GitHubError` where release.toml names none."""
        return open_github(self.config, self.environment, self.session)

    def github_releases(self) -> Releases:
        """The releases of that repository; in a dry run what would change is remembered."""
        opened = self.github()
        return DryRunGitHub(opened) if self.dry_run else opened
