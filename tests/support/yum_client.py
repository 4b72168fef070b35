"""Publishes RPM files of its own making, and reads a YUM repository as dnf does."""

import gzip
import hashlib
import posixpath
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

from pysequoia import Profile, Tsk
from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.bytes.atomic import write_file
from jesses.base.errors import SigningError
from jesses.base.naming.arch import Arch
from jesses.base.package import Package
from jesses.base.payload import File, Payload
from jesses.package.compression import Packer
from jesses.package.formats import rpm
from jesses.publish import Publication
from jesses.publish.shared.settings import RepositorySettings
from jesses.publish.yum.publisher import YumPublisher, yum_publisher
from jesses.signing import Signer
from jesses.signing.openpgp import OpenPgpSigner
from jesses.signing.verification import verify_detached
from tests.support.memory_store import MemoryStore

NOW = 1_700_000_000
URL = "https://example.org/yum"
REPOMD = "yum/repodata/repomd.xml"
SIGNATURE = f"{REPOMD}.asc"
MIRRORLIST = "yum/mirrorlist"
REPO = "{http://linux.duke.edu/metadata/repo}"
COMMON = "{http://linux.duke.edu/metadata/common}"


def new_key() -> OpenPgpSigner:
    return OpenPgpSigner(Tsk.generate(user_id="Tests <tests@example.org>", profile=Profile.RFC4880))


SIGNER = new_key()

Make = Callable[..., Artifact]
Nevra = tuple[str, str, str]


@contextmanager
def packages_in(directory: Path) -> Iterator[Make]:
    """Makes RPM files: the same package again is the same artifact with another signature."""
    numbers = iter(range(1_000_000))

    def new(
        name: str = "kestrel",
        version: str = "1.0.0",
        arch: Arch = "x86_64",
        content: bytes = b"",
        signer: Signer | None = SIGNER,
    ) -> Artifact:
        parsed = Version.parse(version)
        package = Package(
            name=name,
            version=parsed,
            arch=arch,
            date=NOW,
            summary="for a test",
            description="d",
            license="MIT",
            homepage="",
            maintainer="Tests <tests@example.org>",
            vendor="",
            payload=Payload.of([File(path=f"/opt/{name}", source=content)]),
        )
        folder = directory / str(next(numbers))
        folder.mkdir()
        path = folder / f"{name}-{version}-{arch}.rpm"
        digest = write_file(path, rpm.assemble(package, packer).file).sha256
        signed = rpm.sign(path, signer) if signer else None
        return Artifact(
            path=path,
            kind="rpm",
            component="userspace",
            name=name,
            version=parsed,
            arch=arch,
            size=path.stat().st_size,
            sha256=digest,
            signed_sha256=signed,
        )

    with Packer(directory / "spool", threads=1) as packer:
        yield new


def nothing(attempt: int) -> None:
    """Wait no time at all."""


def publisher(
    store: MemoryStore,
    *,
    signer: Signer | None = SIGNER,
    now: float = NOW,
    wait: Callable[[int], None] = nothing,
) -> YumPublisher:
    return yum_publisher(
        RepositorySettings(
            store=store, prefix="yum", url=URL, name="kestrel", signer=signer, clock=lambda: now, wait=wait
        )
    )


def publish(
    store: MemoryStore, *artifacts: Artifact, signer: Signer | None = SIGNER, now: float = NOW
) -> Publication:
    yum = publisher(store, signer=signer, now=now)
    yum.stage(yum.check(artifacts))
    yum.verify()
    return yum.commit()


def renamed(artifact: Artifact, name: str) -> Artifact:
    return replace(artifact, path=artifact.path.rename(artifact.path.with_name(name)))


def kept(make: Make) -> tuple[Artifact, Artifact]:
    return make(), make(arch="aarch64")


def parsed(text: bytes) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - made by the code under test


# What a client sees. It checks all that dnf checks, and fails where dnf would.


def place(base: str, href: str) -> str:
    """The key of what `href` names below `base`."""
    return posixpath.normpath(f"{base}/{href}")


def lists(store: MemoryStore, base: str = "yum") -> dict[str, bytes]:
    """The plain lists that the pointer below `base` names, by kind."""
    repomd = f"{base}/repodata/repomd.xml"
    if repomd not in store.objects:
        return {}
    found = {}
    for data in parsed(store.objects[repomd]).iter(f"{REPO}data"):
        location = data.find(f"{REPO}location")
        assert location is not None
        packed = store.objects[place(base, location.attrib["href"])]
        plain = gzip.decompress(packed)
        assert data.findtext(f"{REPO}checksum") == hashlib.sha256(packed).hexdigest()
        assert data.findtext(f"{REPO}open-checksum") == hashlib.sha256(plain).hexdigest()
        assert (data.findtext(f"{REPO}size"), data.findtext(f"{REPO}open-size")) == (
            str(len(packed)),
            str(len(plain)),
        )
        found[data.attrib["type"]] = plain
    assert set(found) == {"primary", "filelists", "other"}
    return found


def snapshot(store: MemoryStore, url: str = URL) -> str:
    """Where the snapshot lies that the mirrorlist names; nowhere where there is none."""
    if MIRRORLIST not in store.objects:
        return "yum/nowhere"
    (line,) = [line for line in store.objects[MIRRORLIST].decode().splitlines() if line[:1] != "#"]
    return "yum/" + line.removeprefix(f"{url}/").rstrip("/")


def mirror_client(store: MemoryStore, signer: Signer | None = SIGNER, url: str = URL) -> set[Nevra]:
    """The packages of the snapshot that the mirrorlist names, whose signature is right."""
    base = snapshot(store, url)
    if signer:
        assert signature_fits(store, signer, base)
    return client(store, base)


def client(store: MemoryStore, base: str = "yum") -> set[Nevra]:
    """The packages that the lists below `base` name; each lies there with its digest."""
    found = lists(store, base)
    roots = {kind: parsed(text) for kind, text in found.items()}
    packages = list(roots["primary"]) if found else []
    seen = set()
    digests = []
    for package in packages:
        location, version = package.find(f"{COMMON}location"), package.find(f"{COMMON}version")
        assert location is not None
        assert version is not None
        data = store.objects[place(base, location.attrib["href"])]
        digests.append(hashlib.sha256(data).hexdigest())
        assert package.findtext(f"{COMMON}checksum") == digests[-1]
        name, arch = package.findtext(f"{COMMON}name", ""), package.findtext(f"{COMMON}arch", "")
        seen.add((name, version.attrib["ver"], arch))
    assert len(seen) == len(packages)
    for root in roots.values():
        assert root.attrib["packages"] == str(len(packages))
    for kind in ("filelists", "other"):
        assert [package.attrib["pkgid"] for package in roots.get(kind, [])] == digests
    return seen


def signature_fits(store: MemoryStore, signer: Signer = SIGNER, base: str = "yum") -> bool:
    """Whether a client with repo_gpgcheck=1 accepts the pointer."""
    repomd = f"{base}/repodata/repomd.xml"
    if repomd not in store.objects:
        return True
    try:
        verify_detached(
            store.objects[repomd], store.objects.get(f"{repomd}.asc", b""), public_key=signer.public_key
        )
    except SigningError:
        return False
    return True


def revision(store: MemoryStore) -> int:
    return int(parsed(store.objects[REPOMD]).findtext(f"{REPO}revision", ""))
