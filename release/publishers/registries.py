"""The registries of a channel, put together from the outside world."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import requests

from release import spelling
from release.arch import Arch
from release.config import Channel, Config
from release.formats.base import Base
from release.plan import Plan
from release.publishers.evidence import Evidence, Notary
from release.publishers.registry import REVISION, Lease, RegistryPublisher, annotations
from release.registry import credentials
from release.registry.attachments import Key
from release.registry.auth import Credential
from release.registry.client import Repository
from release.registry.connect import connect
from release.registry.ecr import Catalog, PrivateRegistry, registry_of
from release.registry.pull import BlobCache, bases, copy
from release.registry.reference import Reference
from release.registry.transport import Transport
from release.runner import ask
from release.stores import Progress


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What reaching registries takes from outside."""

    session: requests.Session
    environment: Mapping[str, str]
    home: Path
    progress: Callable[[str], object]
    upload: Progress = lambda _key, _sent, _total: None
    key: Key | None = None
    notary: Notary | None = None
    lease: Lease = nullcontext


def registry_publishers(
    config: Config, channel: Channel, plan: Plan, outside: Outside
) -> tuple[RegistryPublisher, ...]:
    """A publisher for each registry of `channel`; none where no image is planned."""
    if not plan.images:
        return ()
    evidence = Evidence(key=outside.key, notary=outside.notary, environment=outside.environment)
    return tuple(
        _publisher(config, channel, plan, outside, evidence, Reference.parse_prefix(prefix))
        for prefix in channel.registries
    )


def find_base(name: str, archs: tuple[Arch, ...], outside: Outside) -> Mapping[Arch, Base]:
    """The image `name` from its registry, for each of `archs`.

    Raises:
        RegistryError: it is not there.

    """
    reference = Reference.parse(name)
    outside.progress(f"base {reference}")
    transport = _transport(reference, outside)
    cached = outside.environment.get("XDG_CACHE_HOME")
    cache = BlobCache(directory=(Path(cached) if cached else outside.home / ".cache") / "jesses" / "blobs")
    return bases(reference, Repository(transport, reference.repository), archs, cache)


def _find_credential(host: str, outside: Outside) -> Credential | None:
    return credentials.find(host, outside.environment, home=outside.home, ask_helper=_ask_helper)


def find_built(
    channel: Channel, plan: Plan, digest: str | None, outside: Outside, *, name: str, directory: Path
) -> bool:
    """Write the image that is built already into `directory`; whether a registry of `channel` has it.

    That is the one whose index has `digest`, which an earlier run of this release staged; or the one that was
    released under the same version from the same commit, as that of a component that did not change is.
    """
    version = next(plan.versions[image.component] for image in plan.images if image.name == name)
    tag = spelling.oci_tag(version.version)
    for prefix in channel.registries:
        reference = Reference.parse_prefix(prefix).below(name)
        repository = Repository(_transport(reference, outside), reference.repository)
        index = repository.find_manifest(f"sha256:{digest}" if digest else tag)
        if index and (digest or annotations(index).get(REVISION) == version.commit.sha):
            outside.progress(f"{name} {version.version} is built already: {reference.name}@{index.digest}")
            copy(index, repository, directory, name=name, tag=tag)
            return True
    return False


def _transport(reference: Reference, outside: Outside) -> Transport:
    return Transport(
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
    config: Config, channel: Channel, plan: Plan, outside: Outside, evidence: Evidence, prefix: Reference
) -> RegistryPublisher:
    return RegistryPublisher(
        prefix=prefix,
        connection=connect(
            prefix,
            session=outside.session,
            find_credential=lambda host: _find_credential(host, outside),
            catalog=lambda name: catalog(config, plan, prefix.below(name)),
            note=outside.progress,
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
