"""What registries hold of a release already is used again: the base it stands on, the image that was built."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.errors import ConflictError
from jesses.base.naming.arch import MACHINES, Arch
from jesses.base.payload import File, Payload
from jesses.config import Channel
from jesses.history.ci import LOCAL
from jesses.history.git_history import Commit
from jesses.image import oci_layout
from jesses.image.base import Base
from jesses.image.model import About, Image
from jesses.image.registry.client import ImageRepository
from jesses.image.registry.push import layout_content, send
from jesses.image.write import write_layout
from jesses.package.compression import Packer
from jesses.plan.plan import Plan, PlannedImage
from jesses.plan.versions import ComponentVersion
from jesses.publish.images.evidence import Evidence
from jesses.publish.images.factory import RegistryAccess
from jesses.publish.images.previous import PreviousImages
from jesses.signing.ecdsa import EcdsaKey
from tests.publish.images.test_evidence import KEY, OTHER, Notary
from tests.publish.images.test_publisher import World
from tests.support.fake_registry import FakeRegistry
from tests.support.registry_bench import HOST, Bench

BASE = f"{HOST}/library/debian:12"
COMMIT = "a" * 40


@dataclass
class Site:
    """A registry with bases, and images of a channel on them."""

    world: World
    staged: dict[str, str] = field(default_factory=dict)

    def base(self, text: bytes) -> str:
        """Let the base's tag show an image with `text` in it; its digest."""
        index, directory = self._write("debian", text=text, base=None)
        repository = self._send("library/debian", directory)
        repository.put_manifest(layout_content(directory).documents[-1], "12")
        return index

    def previous(
        self,
        *,
        commit: str = COMMIT,
        base: str = BASE,
        registries: tuple[str, ...] = (),
        key: EcdsaKey | None = KEY,
        version: str = "1.2.0",
        notary: Notary | None = None,
        image: str = "kestrel",
    ) -> PreviousImages:
        outside = RegistryAccess(
            registries=Bench(self.world.registry).registries(),
            environment={"XDG_CACHE_HOME": str(self.world.directory.with_name("cache"))},
            home=Path("/nowhere"),
            tell=lambda _: None,
            key=key,
            notary=notary,
        )
        channel = Channel(store="x", registries=registries or (f"{HOST}/empty", f"{HOST}/example"))
        return PreviousImages(
            channel, plan(planned(base, image), commit=commit, version=version), outside, lambda: self.staged
        )

    def on(self, bases: Mapping[Arch, Base]) -> Artifact:
        """The image of the channel on `bases`."""
        digest, directory = self._write("kestrel", text=b"kestrel", base=bases)
        return Artifact(
            path=directory,
            kind="image",
            component="userspace",
            name="kestrel",
            version=Version.parse("1.2.0"),
            arch="multi",
            size=1,
            sha256=digest.removeprefix("sha256:"),
        )

    def publish(
        self, artifact: Artifact, *, key: EcdsaKey | None = KEY, notary: Notary | None = None
    ) -> None:
        self.world.publish(artifact, evidence=Evidence(key=key, notary=notary, ci=LOCAL))

    def stage(self, artifact: Artifact) -> None:
        publisher = self.world.publisher()
        publisher.stage(publisher.check([artifact]))

    def _write(self, name: str, *, text: bytes, base: Mapping[Arch, Base] | None) -> tuple[str, Path]:
        images = [
            Image(
                name=name,
                version=Version.parse("1.2.0"),
                arch=arch,
                date=1,
                large=4 << 20,
                payload=Payload.of([File(path="/usr/share/text", source=text)]),
                about=About(title=name, revision=COMMIT),
                base=base[arch] if base else None,
            )
            for arch in MACHINES
        ]
        directory = self.world.directory / f"{name}-{len(list(self.world.directory.iterdir()))}"
        with Packer(self.world.directory / "spool", threads=1) as packer:
            index = write_layout(images, directory, packer)
        return index.descriptor.digest, directory

    def _send(self, name: str, directory: Path) -> ImageRepository:
        repository = Bench(self.world.registry).repository(name)
        send(layout_content(directory), repository)
        return repository


def plan(*images: PlannedImage, commit: str = COMMIT, version: str = "1.2.0") -> Plan:
    planned_version = ComponentVersion(
        component="userspace",
        version=Version.parse(version),
        commit=Commit(sha=commit, date=1),
        tag="1.2.0",
        dirty=False,
        reasons=(),
    )
    return Plan(
        project="kestrel",
        channel="stable",
        versions={"userspace": planned_version},
        builds=(),
        packages=(),
        images=images,
        destinations=(),
    )


def planned(base: str, name: str = "kestrel") -> PlannedImage:
    return PlannedImage(
        name=name,
        component="userspace",
        build="",
        archives=dict.fromkeys(MACHINES, ""),
        base=base,
        dockerfile=None,
        skipped="",
    )


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "world").mkdir()
    return Site(World(tmp_path / "world"))


def digest_of(found: Mapping[Arch, Base]) -> str:
    [digest] = {base.index_digest for base in found.values()}
    return digest


def test_a_release_that_is_new_stands_on_what_the_tag_shows(site: Site) -> None:
    site.base(b"old")
    new = site.base(b"new")
    assert digest_of(site.previous().bases(planned(BASE))) == new


@pytest.mark.parametrize("how", ["published", "staged"])
def test_a_rerun_stands_on_the_base_of_the_first_run_and_gives_the_same_image(site: Site, how: str) -> None:
    old = site.base(b"old")
    first = site.on(site.previous().bases(planned(BASE)))
    if how == "published":
        site.publish(first)
    else:
        site.stage(first)
        site.staged["kestrel"] = first.sha256
    assert site.base(b"new") != old
    found = site.previous().bases(planned(BASE))
    assert digest_of(found) == old
    assert {base.name for base in found.values()} == {BASE}
    assert site.on(found).sha256 == first.sha256


def test_another_commit_or_base_stands_on_what_its_own_tag_shows(site: Site) -> None:
    site.base(b"old")
    site.publish(site.on(site.previous().bases(planned(BASE))))
    new = site.base(b"new")
    assert digest_of(site.previous(commit="b" * 40).bases(planned(BASE))) == new
    other = f"{HOST}/library/debian:latest"
    repository = site._send("library/debian", site.on(site.previous().bases(planned(BASE))).path)
    index = repository.manifest(new)
    repository.put_manifest(index, "latest")
    assert digest_of(site.previous(base=other).bases(planned(other))) == new


def test_a_base_with_a_digest_is_that_one_and_nobody_else_is_asked(site: Site) -> None:
    old = site.base(b"old")
    site.base(b"new")
    site.world.registry.requests.clear()
    assert digest_of(site.previous().bases(planned(f"{BASE}@{old}"))) == old
    assert not [request for request in site.world.registry.requests if "/example/" in request.path]


def test_what_a_base_is_is_asked_once(site: Site) -> None:
    site.base(b"old")
    previous = site.previous()
    first = previous.bases(planned(BASE))
    site.world.registry.requests.clear()
    assert previous.bases(planned(BASE)) is first
    assert site.world.registry.requests == []


@pytest.mark.parametrize("how", ["published", "staged", "neither"])
def test_an_image_that_is_built_already_is_taken_as_it_is(site: Site, how: str, tmp_path: Path) -> None:
    site.base(b"old")
    first = site.on(site.previous().bases(planned(BASE)))
    if how == "published":
        site.publish(first)
    else:
        site.stage(first)
    if how == "staged":
        site.staged["kestrel"] = first.sha256
    target = tmp_path / "taken"
    assert site.previous().restore("kestrel", target) == (how != "neither")
    if how != "neither":
        taken = oci_layout.read(target, name="kestrel", tag="1.2.0", date=1)
        assert taken.descriptor.sha256 == first.sha256
    assert not site.previous(commit="b" * 40).restore("kestrel", tmp_path / "other")


def test_the_layers_of_a_base_in_the_same_registry_are_taken_over_there(site: Site) -> None:
    site.base(b"old")
    bases = site.previous().bases(planned(BASE))
    site.world.registry.requests.clear()
    site.world.publish(site.on(bases))
    asked = {
        request.query["mount"][0] for request in site.world.registry.requests if "mount" in request.query
    }
    layers = {layer.digest for base in bases.values() for layer in base.layers}
    assert layers <= asked
    sent = {
        request.query["digest"][0]
        for request in site.world.registry.requests
        if request.method == "PUT" and "digest" in request.query
    }
    assert not layers & sent


@pytest.mark.parametrize(
    "how", ["unsigned", "signed by another key", "signed without a key", "name", "version"]
)
def test_an_image_that_nobody_vouches_for_is_not_taken(site: Site, how: str, tmp_path: Path) -> None:
    """Whoever may write to the registry tags an image of the right commit before the release does."""
    site.base(b"old")
    foreign = site.on(site.previous().bases(planned(BASE)))
    notary = Notary() if how == "signed without a key" else None
    key = {"signed by another key": OTHER, "name": KEY, "version": KEY}.get(how)
    site.publish(foreign, key=key, notary=notary)
    if how == "name":
        repository = Bench(site.world.registry).repository("example/other")
        send(layout_content(foreign.path), repository)
        repository.put_manifest(layout_content(foreign.path).documents[-1], "1.2.0")
        _copy_attachments(site.world.registry, "example/kestrel", "example/other")
    new = site.base(b"new")
    if how == "version":
        tags = site.world.registry.tags["example/kestrel"]
        tags["1.3.0"] = tags["1.2.0"]
        assert not site.previous(version="1.3.0").restore("kestrel", tmp_path / "taken")
        return
    name = "other" if how == "name" else "kestrel"
    previous = site.previous(key=None if notary else KEY, notary=notary, image=name)
    with pytest.raises(ConflictError, match=rf"{name}:1\.2\.0 is there already") as caught:
        previous.restore(name, tmp_path / "taken")
    assert "delete the tag" in caught.value.fix
    assert not (tmp_path / "taken").exists()
    assert digest_of(previous.bases(planned(BASE, name))) == new


def _copy_attachments(registry: FakeRegistry, source: str, target: str) -> None:
    for held in (registry.manifests, registry.blobs):
        held |= {(target, digest): found for (name, digest), found in held.items() if name == source}  # type: ignore[assignment]
    registry.tags[target] = dict(registry.tags[source])
