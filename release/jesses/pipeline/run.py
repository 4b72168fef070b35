"""A release that is to be made, as a front door asks for it, and the key that signs it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from jesses.base.errors import SigningError
from jesses.channel.access import Access
from jesses.config import Channel
from jesses.pipeline.options import Narrator, Options
from jesses.plan.channels import channel_named
from jesses.plan.plan import SNAPSHOT, Plan
from jesses.plan.product import Product
from jesses.signing import Signer, openpgp


@dataclass(frozen=True, kw_only=True)
class Run:
    """A release that is to be made: the plan of a product, how, and where. `key` is the configured one.

    `confirm` raises an error where something has changed since the plan was agreed on.
    """

    product: Product
    plan: Plan
    options: Options
    narrator: Narrator
    environment: Mapping[str, str]
    key: Signer | None
    confirm: Callable[[], None]

    @property
    def channel(self) -> Channel:
        """Where it goes; raises `ConfigError` where there is no such channel."""
        name = self.options.channel
        return SNAPSHOT if name is None else channel_named(name, self.product.config)

    @cached_property
    def access(self) -> Access:
        """How the outside world is reached."""
        return Access(
            config=self.product.config,
            directory=self.product.directory,
            environment=self.environment,
            ci=self.product.ci,
            tell=self.narrator.progress,
            progress=self.narrator.upload,
            sign=self.options.sign,
            dry_run=self.options.dry_run,
            take_over=self.options.take_over,
        )


def configured_key(options: Options, environment: Mapping[str, str]) -> Signer | None:
    """The key of the environment; a channel is not signed with one that is gone afterwards.

    Raises:
        SigningError: the channel needs one, and there is none; or it cannot be used.

    """
    found = openpgp.from_environment(environment) if options.sign else None
    if options.sign and options.channel is not None and found is None:
        raise SigningError(
            f"there is no key to sign the channel {options.channel} with, and with one that is made for this run "
            "alone nobody could publish there again",
            fix=f"set {openpgp.KEY_FILE_VARIABLE} or {openpgp.KEY_VARIABLE}, or publish unsigned: --no-sign",
        )
    return found
