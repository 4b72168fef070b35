"""Publishing DEB files to an APT repository: what these packages are to it, and the publisher put together."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from jesses.base.artifact import Artifact
from jesses.package.compression.cache import Cache
from jesses.package.compression.deflate import deflate
from jesses.package.compression.incremental import Remembered
from jesses.package.descriptions import Descriptions
from jesses.publish import Edit
from jesses.publish.apt import index
from jesses.publish.apt.contents import PackageFiles
from jesses.publish.apt.index import Index, Stanza
from jesses.publish.apt.metadata import sources
from jesses.publish.apt.repository import COMPONENT, AptRepository, AptSnapshot, AptUpdate
from jesses.publish.shared.client_setup import ClientSetup
from jesses.publish.shared.instructions import KEYRINGS, SUITE, apt_lines, apt_source
from jesses.publish.shared.objects import RepositoryObjects
from jesses.publish.shared.packages import PackagePublisher
from jesses.publish.shared.pool import checked
from jesses.publish.shared.settings import RepositorySettings

AptPublisher = PackagePublisher[Stanza, AptSnapshot, AptUpdate, Mapping[str, Index]]


def apt_publisher(
    settings: RepositorySettings, *, suite: str = SUITE, contents: bool = False, cache: Cache | None = None
) -> AptPublisher:
    """Publishes DEB files to a suite of an APT repository, with `copies` for clients without by-hash.

    `contents`: the index of the files that packages have is kept, too. `cache` keeps what was compressed for the
    next run.
    """
    name, url, signer = settings.name, settings.url, settings.signer
    objects = RepositoryObjects(settings.store, settings.prefix)
    source = apt_source(name, suite)
    debs = _DebFormat(
        url=url,
        project=name,
        source=source,
        signed=signer is not None,
        descriptions=settings.descriptions,
    )
    repository = AptRepository(
        objects=objects,
        suite=suite,
        origin=name,
        signer=signer,
        clock=settings.clock,
        copies=settings.copies,
        files=PackageFiles(objects, debs.at_hand) if contents else None,
        deflater=Remembered(cache=cache) if cache else deflate,
        wait=settings.wait,
    )
    public = {f"{name}.asc": signer.public_key} if signer else {}
    key = f"{KEYRINGS}/{name}.asc" if signer else None
    text = sources(url=url, suite=suite, component=COMPONENT, key=key)
    setup = ClientSetup(objects, {**public, f"{source}.sources": text.encode()})
    return PackagePublisher(
        name="apt", url=url, format=debs, objects=objects, repository=repository, setup=setup
    )


@dataclass(frozen=True, kw_only=True)
class _DebFormat:
    """DEB files as an APT repository lists them; `source` is the name of the file for users."""

    url: str
    project: str
    source: str
    signed: bool
    descriptions: Descriptions
    kind: Literal["deb"] = "deb"
    _described: dict[str, Artifact] = field(default_factory=dict)

    def location(self, artifact: Artifact) -> str:
        return _location(self.descriptions.control(artifact), artifact)

    def find(self, before: AptSnapshot, artifact: Artifact) -> tuple[str, str | None]:
        control = self.descriptions.control(artifact)
        listed = index.find(before.indexes, Stanza.parse(control.encode()).identity)
        return (listed.filename, listed.sha256) if listed else (_location(control, artifact), None)

    def check(self, artifact: Artifact) -> None:
        """Every DEB file can be installed: APT trusts the signature of the index."""

    def describe(self, artifact: Artifact, location: str) -> Stanza:
        stanza = Stanza.of(
            self.descriptions.control(artifact),
            filename=location,
            size=artifact.size,
            sha256=artifact.published_sha256,
        )
        self._described[stanza.sha256] = artifact
        return stanza

    def add(self, packages: Collection[Stanza]) -> Edit[Mapping[str, Index]]:
        return lambda indexes: index.add(indexes, list(packages))

    def instructions(self, packages: Collection[Stanza]) -> tuple[str, ...]:
        return apt_lines(
            url=self.url,
            project=self.project,
            source=self.source,
            packages=(stanza.package for stanza in packages),
            signed=self.signed,
        )

    def at_hand(self, stanza: Stanza) -> list[str] | None:
        """The paths in a package that this run publishes, which need not be fetched."""
        found = self._described.get(stanza.sha256)
        return self.descriptions.paths(found) if found else None


def _location(control: str, artifact: Artifact) -> str:
    package = Stanza.parse(control.encode()).package
    return checked(f"pool/{COMPONENT}/{package}/{artifact.path.name}")
