"""The registries of a channel, put together from the outside world."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import requests

from jesses.base.runner import ask
from jesses.config import Channel, Config
from jesses.image.registry import credentials
from jesses.image.registry.attachments import ImageKey
from jesses.image.registry.auth import Credential
from jesses.image.registry.connect import connect
from jesses.image.registry.ecr import Catalog, PrivateRegistry, registry_of
from jesses.image.registry.reference import Reference
from jesses.image.registry.transport import RegistryTransport
from jesses.plan.plan import Plan
from jesses.publish.images.evidence import Evidence, Notary, UnsignedNotary
from jesses.publish.images.publisher import Lease, RegistryPublisher
from jesses.stores import Progress


@dataclass(frozen=True, kw_only=True)
class RegistryAccess:
    """What reaching registries takes from outside; a `rehearsal` is to change nothing there."""

    session: requests.Session
    environment: Mapping[str, str]
    home: Path
    progress: Callable[[str], object]
    upload: Progress = lambda _key, _sent, _total: None
    key: ImageKey | None = None
    notary: Notary | None = None
    lease: Lease = nullcontext
    rehearsal: bool = False


def registry_publishers(
    config: Config, channel: Channel, plan: Plan, outside: RegistryAccess
) -> tuple[RegistryPublisher, ...]:
    """A publisher for each registry of `channel`; none where no image is planned."""
    if not plan.images:
        return ()
    notary = UnsignedNotary(outside.notary) if outside.notary and outside.rehearsal else outside.notary
    evidence = Evidence(key=outside.key, notary=notary, environment=outside.environment)
    return tuple(
        _publisher(config, channel, plan, outside, evidence, Reference.parse_prefix(prefix))
        for prefix in channel.registries
    )


def _find_credential(host: str, outside: RegistryAccess) -> Credential | None:
    return credentials.find(host, outside.environment, home=outside.home, ask_helper=_ask_helper)


def transport(reference: Reference, outside: RegistryAccess) -> RegistryTransport:
    """The way to a registry that is only read from."""
    return RegistryTransport(
        host=reference.host,
        url=reference.url,
        session=outside.session,
        credential=_find_credential(reference.host, outside) or _private_credential(reference.host),
        note=outside.progress,
    )


def _private_credential(host: str) -> Credential | None:
    """Amazon's own, where nobody reads without one."""
    amazon = registry_of(host)
    return amazon.credential() if isinstance(amazon, PrivateRegistry) else None


def _publisher(
    config: Config,
    channel: Channel,
    plan: Plan,
    outside: RegistryAccess,
    evidence: Evidence,
    prefix: Reference,
) -> RegistryPublisher:
    return RegistryPublisher(
        prefix=prefix,
        connection=connect(
            prefix,
            session=outside.session,
            find_credential=lambda host: _find_credential(host, outside),
            catalog=lambda name: catalog(config, plan, prefix.below(name)),
            note=outside.progress,
            rehearsal=outside.rehearsal,
        ),
        images=[image.name for image in plan.images],
        branch=channel.moving_tag,
        evidence=evidence,
        lease=outside.lease,
        progress=outside.upload,
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
