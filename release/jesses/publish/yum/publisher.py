"""Publishing RPM files to a YUM repository: what these packages are to it, and the publisher put together."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from jesses.base.artifact import Artifact
from jesses.base.errors import RepositoryError
from jesses.package.descriptions import Descriptions
from jesses.package.formats import rpm_file
from jesses.publish import Edit
from jesses.publish.shared.client_setup import ClientSetup
from jesses.publish.shared.instructions import yum_lines
from jesses.publish.shared.objects import RepositoryObjects
from jesses.publish.shared.packages import PackagePublisher
from jesses.publish.shared.pool import checked
from jesses.publish.shared.settings import RepositorySettings
from jesses.publish.yum.lists import UP, Lists
from jesses.publish.yum.metadata import IndexedPackage, describe
from jesses.publish.yum.repository import POINTER, YumRepository, YumSnapshot, YumUpdate
from jesses.signing.rotation import one_block_each

PACKAGES: Final = "packages"

YumPublisher = PackagePublisher[IndexedPackage, YumSnapshot, YumUpdate, Lists]


def yum_publisher(settings: RepositorySettings) -> YumPublisher:
    """Publishes RPM files to a YUM repository, with `copies` for users with a baseurl."""
    name, url, signer = settings.name, settings.url, settings.signer
    objects = RepositoryObjects(settings.store, settings.prefix)
    public = {f"{name}.asc": one_block_each(signer.public_key)} if signer else {}
    source = _source(url=url, name=name, signed=signer is not None, copies=settings.copies)
    return PackagePublisher(
        name="yum",
        url=url,
        format=_RpmFormat(
            url=url, project=name, signed=signer is not None, descriptions=settings.descriptions
        ),
        objects=objects,
        repository=YumRepository(
            objects=objects,
            url=url,
            signer=signer,
            clock=settings.clock,
            copies=settings.copies,
            wait=settings.wait,
        ),
        setup=ClientSetup(objects, {**public, f"{name}.repo": source.encode()}),
    )


def _source(*, url: str, name: str, signed: bool, copies: bool) -> str:
    """The `.repo` file (dnf.conf(5), "Repo Options")."""
    key = f"gpgkey={url}/{name}.asc\n" if signed else ""
    # With both, dnf would take the baseurl first.
    base = f"# where mirrorlists do not work:\n#baseurl={url}/\n" if copies else ""
    return (
        f"[{name}]\nname={name}\nmirrorlist={url}/{POINTER}\n{base}enabled=1\n"
        f"gpgcheck={int(signed)}\nrepo_gpgcheck={int(signed)}\n{key}"
    )


@dataclass(frozen=True, kw_only=True)
class _RpmFormat:
    """RPM files as a YUM repository lists them; of one that is `signed`, users install signed packages alone."""

    url: str
    project: str
    signed: bool
    descriptions: Descriptions
    kind: Literal["rpm"] = "rpm"

    def location(self, artifact: Artifact) -> str:
        return checked(f"{PACKAGES}/{artifact.path.name}")

    def find(self, before: YumSnapshot, artifact: Artifact) -> tuple[str, str | None]:
        location, digest = self.location(artifact), None
        for listed in before.lists.find(self.describe(artifact, location).nevra):
            location, digest = listed.href.removeprefix(UP), listed.sha256
        return location, digest

    def check(self, artifact: Artifact) -> None:
        with artifact.path.open("rb") as stream:
            signed = rpm_file.is_signed(stream)
        if self.signed and not signed:
            raise RepositoryError(
                f"{self.location(artifact)} is not signed, and users of a signed repository could not install it",
                fix="sign it before it is published; what is published unsigned stays so: release a new version",
            )

    def describe(self, artifact: Artifact, location: str) -> IndexedPackage:
        rpm = self.descriptions.rpm(artifact)
        return describe(rpm, sha256=artifact.published_sha256, size=artifact.size, location=UP + location)

    def add(self, packages: Collection[IndexedPackage]) -> Edit[Lists]:
        return lambda lists: lists.add(packages)

    def instructions(self, packages: Collection[IndexedPackage]) -> tuple[str, ...]:
        return yum_lines(
            url=self.url, project=self.project, packages=(package.nevra.name for package in packages)
        )
