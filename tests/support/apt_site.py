"""An APT repository in memory: packages to publish, and what clients of two ages see of it."""

import gzip
import hashlib
import lzma
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pysequoia import Profile, Tsk
from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.naming import spelling
from jesses.base.naming.arch import Arch
from jesses.base.package import Package
from jesses.base.payload import File, Payload
from jesses.package.compression import Packer
from jesses.package.formats import deb
from jesses.publish import Publication
from jesses.publish.apt.index import Index, Stanza
from jesses.publish.apt.metadata import ReleaseFile
from jesses.publish.apt.publisher import AptPublisher, apt_publisher
from jesses.publish.shared.settings import RepositorySettings
from jesses.signing import Signer
from jesses.signing.openpgp import OpenPgpSigner
from jesses.signing.verification import verified_text, verify_detached
from tests.support.memory_store import MemoryStore

NOW = 1_700_000_000
SUITE = "apt/dists/stable"
IN_RELEASE = f"{SUITE}/InRelease"
URL = "https://example.org/apt"


def new_key() -> OpenPgpSigner:
    return OpenPgpSigner(Tsk.generate(user_id="Tests <tests@example.org>", profile=Profile.RFC4880))


SIGNER = new_key()

Make = Callable[..., Artifact]


@contextmanager
def deb_maker(directory: Path) -> Iterator[Make]:
    """Makes small packages in `directory`; the same arguments give the same bytes."""

    def new(
        name: str = "kestrel",
        version: str = "1.0.0",
        arch: Arch = "x86_64",
        content: bytes = b"",
        more: Sequence[str] = (),
    ) -> Artifact:
        parsed = Version.parse(version)
        package = Package(
            name=name,
            version=parsed,
            arch=arch,
            date=NOW,
            summary="for a test",
            description="",
            license="MIT",
            homepage="",
            maintainer="Tests <tests@example.org>",
            vendor="",
            payload=Payload.of(
                (
                    File(path=f"/usr/share/doc/{name}/copyright", source=b"MIT"),
                    File(path=f"/opt/{name}", source=content),
                    *(File(path=path, source=b"") for path in more),
                )
            ),
        )
        folder = directory / hashlib.sha256(repr((content, more)).encode()).hexdigest()[:8]
        folder.mkdir(exist_ok=True)
        path = folder / f"{name}-{spelling.file_name(parsed)}-{arch}.deb"
        data = bytes(deb.assemble(package, packer).file)
        path.write_bytes(data)
        return Artifact(
            path=path,
            kind="deb",
            component="userspace",
            name=name,
            version=parsed,
            arch=arch,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )

    with Packer(directory / "spool", threads=1) as packer:
        yield new


def publisher(
    store: MemoryStore,
    *,
    signer: Signer | None = SIGNER,
    now: float = NOW,
    contents: bool = False,
    wait: Callable[[int], object] = int,
) -> AptPublisher:
    return apt_publisher(
        RepositorySettings(
            store=store, prefix="apt", url=URL, name="kestrel", signer=signer, clock=lambda: now, wait=wait
        ),
        contents=contents,
    )


def publish(
    store: MemoryStore,
    *artifacts: Artifact,
    signer: Signer | None = SIGNER,
    now: float = NOW,
    contents: bool = False,
) -> Publication:
    apt = publisher(store, signer=signer, now=now, contents=contents)
    apt.stage(apt.check(artifacts))
    apt.verify()
    return apt.commit()


# What a client sees. Each reader checks all that apt checks, and fails where apt would.


def release_of(store: MemoryStore, signer: Signer = SIGNER) -> ReleaseFile:
    return ReleaseFile.parse(verified_text(store.objects[IN_RELEASE], public_key=signer.public_key))


def by_hash_client(store: MemoryStore, signer: Signer = SIGNER) -> dict[str, set[tuple[str, str, str]]]:
    """The packages of each architecture, read as apt does: InRelease, then what it names by digest."""
    if IN_RELEASE not in store.objects:
        return {}
    release = release_of(store, signer)
    return {arch: packages_of(store, release, arch, by_hash=True) for arch in release.architectures("main")}


def by_hash_stanzas(store: MemoryStore) -> dict[str, list[Stanza]]:
    """What the index of each architecture lists, whether its files are there or not."""
    release = release_of(store)
    found = {}
    for arch in release.architectures("main"):
        directory = f"main/binary-{arch}"
        digest = release.files[f"{directory}/Packages.xz"].sha256
        data = lzma.decompress(store.objects[f"{SUITE}/{directory}/by-hash/SHA256/{digest}"])
        found[arch] = list(Index(text=data).stanzas())
    return found


def plain_client(store: MemoryStore, signer: Signer = SIGNER) -> dict[str, set[tuple[str, str, str]]]:
    """The same for a client that knows neither InRelease nor by-hash."""
    text = store.objects[f"{SUITE}/Release"]
    verify_detached(text, store.objects[f"{SUITE}/Release.gpg"], public_key=signer.public_key)
    release = ReleaseFile.parse(text)
    return {arch: packages_of(store, release, arch, by_hash=False) for arch in release.architectures("main")}


def packages_of(
    store: MemoryStore, release: ReleaseFile, arch: str, *, by_hash: bool
) -> set[tuple[str, str, str]]:
    directory = f"main/binary-{arch}"
    texts = set()
    for suffix, unpack in ((".gz", gzip.decompress), (".xz", lzma.decompress)):
        digest = release.files[f"{directory}/Packages{suffix}"]
        name = f"by-hash/SHA256/{digest.sha256}" if by_hash else f"Packages{suffix}"
        data = store.objects[f"{SUITE}/{directory}/{name}"]
        assert (len(data), hashlib.sha256(data).hexdigest()) == (digest.size, digest.sha256)
        texts.add(unpack(data))
    (text,) = texts
    assert release.files[f"{directory}/Packages"].sha256 == hashlib.sha256(text).hexdigest()
    listed = list(Index(text=text).stanzas())
    for stanza in listed:
        fields = dict(line.split(": ", 1) for line in stanza.text.decode().splitlines() if line[0] != " ")
        data = store.objects[f"apt/{fields['Filename']}"]
        assert (len(data), hashlib.sha256(data).hexdigest()) == (int(fields["Size"]), fields["SHA256"])
    identities = {stanza.identity for stanza in listed}
    assert len(identities) == len(listed)
    return identities
