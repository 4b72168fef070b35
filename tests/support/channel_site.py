"""A channel in memory with releases of two components in every format."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.naming import spelling
from jesses.channel.operations.opened import OpenedChannel
from jesses.channel.records import Record
from jesses.config import Channel, Config, parse
from jesses.publish.factory import publishers_for
from jesses.signing import Signer
from jesses.signing.verification import verify_detached
from jesses.stores import Store
from tests.support import apt_site, yum_client
from tests.support.hawk import PRODUCT
from tests.support.memory_store import NOW, MemoryStore

SIGNER = apt_site.SIGNER
URL = "https://example.org"
CONFIG: Config = parse(PRODUCT, origin="release.toml")


@contextmanager
def makers(directory: Path, signer: Signer = SIGNER) -> Iterator["Make"]:
    """Makes the artifacts of releases in `directory`, their RPMs signed by `signer`."""
    (directory / "debs").mkdir()
    (directory / "rpms").mkdir()
    with apt_site.deb_maker(directory / "debs") as deb, yum_client.packages_in(directory / "rpms") as rpm:
        yield Make(directory, deb, rpm, signer)


class Make:
    """Makes the artifacts of a version: a tarball, a DEB and an RPM for each of two machines."""

    def __init__(self, directory: Path, deb: apt_site.Make, rpm: yum_client.Make, signer: Signer) -> None:
        self._directory = directory
        self._deb = deb
        self._rpm = rpm
        self._signer = signer

    def __call__(
        self, version: str, component: str = "userspace", content: bytes = b""
    ) -> tuple[Artifact, ...]:
        name = f"hawk-{component}"
        made = [
            maker(name=name, version=version, arch=arch, content=content)
            for maker in (self._deb, self._signed_rpm)
            for arch in ("x86_64", "aarch64")
        ]
        made.append(self._tarball(name, version, content))
        return tuple(replace(artifact, component=component) for artifact in made)

    def _signed_rpm(self, **about: object) -> Artifact:
        return self._rpm(**about, signer=self._signer)

    def _tarball(self, name: str, version: str, content: bytes) -> Artifact:
        parsed = Version.parse(version)
        path = self._directory / f"{name}-{spelling.file_name(parsed)}-x86_64.tar.gz"
        data = f"{name} {version}".encode() + content
        path.write_bytes(data)
        return Artifact(
            path=path,
            kind="tarball",
            component="userspace",
            name=name,
            version=parsed,
            arch="x86_64",
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )


def place(
    store: Store,
    name: str = "stable",
    *,
    now: float = NOW,
    signer: Signer | None = SIGNER,
    prefix: str = "",
    url: str = URL,
    contents: bool = False,
) -> OpenedChannel:
    settings = Channel(
        store="site", apt=f"{prefix}apt", yum=f"{prefix}yum", files=f"{prefix}files", contents=contents
    )
    return OpenedChannel(
        project="hawk",
        name=name,
        settings=settings,
        store=store,
        url=url,
        signer=signer,
        clock=lambda: now,
        wait=int,
    )


def release(where: OpenedChannel, *made: Artifact) -> None:
    """Publish, as the pipeline does it."""
    publishers = publishers_for(
        CONFIG, where.settings, store=where.store, url=where.url, signer=where.signer, clock=where.clock
    )
    artifacts: Sequence[Artifact] = made
    for publisher in publishers:
        artifacts = publisher.check(artifacts)
    for publisher in publishers:
        artifacts = publisher.stage(artifacts)
    keys: dict[str, str] = {}
    for publisher in publishers:
        publisher.verify()
        keys |= publisher.commit().objects
    versions = {artifact.component: artifact.version for artifact in artifacts}
    for component, version in versions.items():
        record = Record(store=where.store, project=where.project, component=component, version=version)
        own = [artifact for artifact in artifacts if artifact.component == component]
        record.write(own, keys, channel=where.name, now=where.clock())
    journal(where, versions)


def journal(where: OpenedChannel, versions: dict[str, Version]) -> None:
    """The journal of a finished release, as far as operations read it."""
    text = {name: str(version) for name, version in versions.items()}
    data = {
        "channel": where.name,
        "versions": text,
        "phase": "committed",
        "history": [{"phase": "committed", "at": f"{where.clock():015.0f}"}],
    }
    name = "_".join(f"{component}-{version}" for component, version in sorted(text.items()))
    key = f"journal/{where.project}/{where.name}_{name.replace('+', '.')}.json"
    stored = where.store.get(key)
    where.store.put_if_unchanged(key, json.dumps(data).encode(), stored.token if stored else None)


def offered(store: MemoryStore, prefix: str = "") -> dict[str, set[str]]:
    """The versions that clients see, by format; every check of apt, dnf and sha256sum is made."""
    seen = MemoryStore(
        {key.removeprefix(prefix): data for key, data in store.objects.items() if key.startswith(prefix)}
    )
    debs = apt_site.by_hash_client(seen)
    assert apt_site.plain_client(seen) == debs
    rpms = yum_client.mirror_client(seen, SIGNER)
    assert yum_client.client(seen) == rpms
    assert yum_client.signature_fits(seen, SIGNER)
    lines = sums(seen)
    return {
        "deb": {f"{name}={version}" for found in debs.values() for name, version, _ in found},
        "rpm": {f"{name}={version}" for name, version, _ in rpms},
        "file": set(lines),
    }


def sums(store: MemoryStore) -> dict[str, str]:
    """The list of files, whose signature fits and whose files are there."""
    text = store.objects["files/SHA256SUMS"]
    verify_detached(text, store.objects["files/SHA256SUMS.asc"], public_key=SIGNER.public_key)
    lines = dict(line.split("  ")[::-1] for line in text.decode().splitlines())
    for name, digest in lines.items():
        assert hashlib.sha256(store.objects[f"files/{name}"]).hexdigest() == digest
    return lines


def everything(*versions: str, component: str = "userspace") -> dict[str, set[str]]:
    """What is offered where these versions are."""
    name = f"hawk-{component}"
    return {
        "deb": {f"{name}={spelling.deb(Version.parse(version))}" for version in versions},
        "rpm": {f"{name}={spelling.rpm(Version.parse(version))}" for version in versions},
        "file": {
            f"{name}-{spelling.file_name(Version.parse(version))}-x86_64.tar.gz" for version in versions
        },
    }
