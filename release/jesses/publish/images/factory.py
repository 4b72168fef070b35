"""The registries of a channel, put together from the outside world."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import requests

from jesses.base.progress import Progress, no_progress
from jesses.base.runner import ask
from jesses.config import Channel, Config
from jesses.history.ci import LOCAL, Ci
from jesses.image.registry import credentials
from jesses.image.registry.attachments import ImageKey
from jesses.image.registry.auth import Credential
from jesses.image.registry.credentials import AskHelper
from jesses.image.registry.ecr import Catalog
from jesses.image.registry.reference import Reference
from jesses.image.registry.registries import Registries
from jesses.image.registry.writer import RegistryWriter
from jesses.plan.plan import Plan
from jesses.publish import HoldLease
from jesses.publish.images.evidence import Evidence, Notary, UnsignedNotary
from jesses.publish.images.publisher import RegistryPublisher


@dataclass(frozen=True, kw_only=True)
class RegistryAccess:
    """What publishing images and reading them takes from outside; a `dry_run` is to change nothing there.

    `tell` is told what is done, `progress` how uploads go on. `home` is the directory of the user, and
    `environment` says where blobs are cached, and in a signed statement who makes the release.
    """

    registries: Registries
    environment: Mapping[str, str]
    home: Path
    tell: Callable[[str], object]
    progress: Progress = no_progress
    key: ImageKey | None = None
    notary: Notary | None = None
    lease: HoldLease = nullcontext
    dry_run: bool = False
    ci: Ci = LOCAL


def open_registries(
    session: requests.Session,
    environment: Mapping[str, str],
    *,
    home: Path,
    note: Callable[[str], object],
    ask_helper: AskHelper | None = None,
) -> Registries:
    """The registries of a run, which a user's credentials are looked up for in `environment` and `home`."""

    def find(host: str) -> Credential | None:
        return credentials.find(host, environment, home=home, ask_helper=ask_helper or _ask_helper)

    return Registries(session=session, find_credential=find, note=note)


def registry_publishers(
    config: Config, channel: Channel, plan: Plan, outside: RegistryAccess
) -> tuple[RegistryPublisher, ...]:
    """A publisher for each registry of `channel`; none where no image is planned.

    Raises:
        RegistryError: the name of a registry is none.

    """
    if not plan.images:
        return ()
    notary = UnsignedNotary(outside.notary) if outside.notary and outside.dry_run else outside.notary
    evidence = Evidence(key=outside.key, notary=notary, ci=outside.ci)
    return tuple(
        RegistryPublisher(
            writer=_writer(config, plan, outside, Reference.parse_prefix(prefix)),
            images=[image.name for image in plan.images],
            branch=channel.moving_tag,
            evidence=evidence,
            lease=outside.lease,
            progress=outside.progress,
        )
        for prefix in channel.registries
    )


def _writer(config: Config, plan: Plan, outside: RegistryAccess, prefix: Reference) -> RegistryWriter:
    return RegistryWriter(
        registries=outside.registries,
        prefix=prefix,
        catalog=lambda name: catalog(config, plan, prefix.below(name)),
        dry_run=outside.dry_run,
    )


def catalog(config: Config, plan: Plan, reference: Reference) -> Catalog:
    """What a gallery shows of an image."""
    project = config.project
    name = reference.repository.rpartition("/")[2]
    image = next(image for image in plan.images if image.name == name)
    return Catalog(
        description=project.summary,
        about=f"# {name}\n\n{project.summary}. From {project.vendor}: {project.homepage}\n\n{project.license}\n",
        usage=f"    docker pull {reference.name}\n",
        architectures=tuple(image.archives),
    )


def _ask_helper(program: str, server: str) -> str:
    return ask((program, "get"), question=server)
