"""A repository of a fake registry, with a clock that moves when somebody sleeps."""

import hashlib
from dataclasses import dataclass, field

from jesses.image.manifest import LAYER, Descriptor, ImageIndex, Manifest
from jesses.image.registry.auth import Credential
from jesses.image.registry.client import ImageRepository
from jesses.image.registry.network import Network
from jesses.image.registry.push import ImageContent
from jesses.image.registry.reference import Reference
from jesses.image.registry.registries import Registries
from jesses.image.registry.transport import RegistryTransport
from jesses.image.registry.upload import Blob
from jesses.image.registry.writer import RegistryWriter
from tests.support.fake_registry import FakeRegistry

HOST = "registry.example.org"


@dataclass
class Clock:
    now: float = 1_700_000_000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Bench:
    registry: FakeRegistry
    clock: Clock = field(default_factory=Clock)
    credential: Credential | None = None
    notes: list[str] = field(default_factory=list)

    def transport(self, host: str = HOST, scheme: str = "https") -> RegistryTransport:
        return RegistryTransport(
            Network(
                host=host,
                url=f"{scheme}://{host}",
                session=self.registry.session,
                public=self.registry.session,
            ),
            credential=self.credential,
            clock=self.clock,
            sleep=self.clock.sleep,
            note=self.notes.append,
        )

    def registries(self) -> Registries:
        return Registries(
            session=self.registry.session,
            public=self.registry.session,
            find_credential=lambda _: self.credential,
            note=self.notes.append,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def writer(self, *, dry_run: bool = False) -> RegistryWriter:
        """Writes to the repositories below `example`, of which no gallery shows anything."""
        return RegistryWriter(
            registries=self.registries(),
            prefix=Reference.parse_prefix(f"{HOST}/example"),
            catalog=lambda _: NotImplemented,
            dry_run=dry_run,
        )

    def repository(self, name: str = "example/kestrel", *, chunk: int = 100) -> ImageRepository:
        return ImageRepository(self.transport(), name, writes=True, chunk=chunk)


def blob(data: bytes, origin: str = "") -> Blob:
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return Blob(digest=digest, size=len(data), source=data, origin=origin)


def image(*layers: bytes) -> ImageContent:
    """An index over one manifest with these layers."""
    blobs = [blob(b"{}"), *map(blob, layers)]
    config, *described = (Descriptor(media_type=LAYER, digest=each.digest, size=each.size) for each in blobs)
    manifest = Manifest(config=config, layers=tuple(described)).encode()
    index = ImageIndex(manifests=(manifest.descriptor,)).encode()
    return ImageContent(blobs=tuple(blobs), documents=(manifest, index))
