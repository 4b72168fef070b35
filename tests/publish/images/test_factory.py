"""What a run asks of the outside world to reach its registries."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jesses.config import Channel, Config
from jesses.image.registry.reference import Reference
from jesses.publish.images.factory import RegistryAccess, catalog, open_registries, registry_publishers
from jesses.publish.images.previous import PreviousImages
from tests.publish.images.test_previous import BASE, Site, plan, planned
from tests.publish.images.test_publisher import World
from tests.support.registry_bench import HOST
from tests.support.release_bench import PROJECT

CONFIG = Config(project=PROJECT, components={})
PLAN = plan(*(planned(BASE, name) for name in ("kestrel", "kestrel-driver", "kestrel-tools")))
CHANNEL = Channel(store="x", registries=(f"{HOST}/one", f"{HOST}/two"))


@dataclass
class Helper:
    """A credential helper, which notes what it is asked for."""

    asked: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, program: str, server: str) -> str:
        self.asked.append((program, server))
        return json.dumps({"Username": "me", "Secret": "secret"})


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "world").mkdir()
    made = Site(World(tmp_path / "world"))
    made.base(b"base")
    made.world.registry.basic = ("me", "secret")
    return made


def test_a_run_asks_for_the_credential_of_a_registry_once(site: Site, tmp_path: Path) -> None:
    """Three images, in two repositories each, on a base of the same registry; read and written."""
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text('{"credsStore": "safe"}')
    helper, session = Helper(), site.world.registry.session
    outside = RegistryAccess(
        registries=open_registries(session, {}, home=tmp_path, note=lambda _: None, ask_helper=helper),
        environment={},
        home=tmp_path,
        tell=lambda _: None,
    )
    previous = PreviousImages(CHANNEL, PLAN, outside, dict)
    for image in PLAN.images:
        assert not previous.restore(image.name, tmp_path / image.name)
        assert previous.bases(image)
    publishers = registry_publishers(CONFIG, CHANNEL, PLAN, outside)
    for publisher in publishers:
        publisher.preflight()
    transports = {id(each.writer.repository("kestrel").transport) for each in publishers}
    assert (len(publishers), len(transports)) == (2, 1)
    assert helper.asked == [("docker-credential-safe", HOST)]


def test_without_images_nobody_is_asked(tmp_path: Path) -> None:
    outside = RegistryAccess(registries=NotImplemented, environment={}, home=tmp_path, tell=lambda _: None)
    assert registry_publishers(CONFIG, CHANNEL, plan(), outside) == ()


def test_a_gallery_shows_the_project(tmp_path: Path) -> None:
    shown = catalog(CONFIG, PLAN, Reference.parse("public.ecr.aws/birds/kestrel-tools"))
    assert shown.description == PROJECT.summary
    assert shown.about.startswith("# kestrel-tools\n")
    assert shown.usage == "    docker pull public.ecr.aws/birds/kestrel-tools\n"
    assert shown.architectures == ("x86_64", "aarch64")
