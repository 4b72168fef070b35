"""Images to a registry: what is there when, and what tags show in the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.errors import ConflictError, RegistryError
from jesses.base.naming.arch import MACHINES
from jesses.base.payload import File, Payload
from jesses.image.model import About, Image
from jesses.image.write import write_layout
from jesses.package.compression import Packer
from jesses.publish import Publication
from jesses.publish.images.publisher import Attestor, NoAttachments, RegistryPublisher
from tests.stories.test_latest import MOVED, SCRIPTED
from tests.support.fake_registry import Answer, FakeRegistry, Request, error
from tests.support.registry_bench import HOST, Bench

NAME = "example/kestrel"


@dataclass
class World:
    directory: Path
    registry: FakeRegistry = field(default_factory=FakeRegistry)

    def image(self, version: str, *, commit: str = "a" * 40, text: bytes = b"kestrel") -> Artifact:
        images = [
            Image(
                large=4 << 20,
                name="kestrel",
                version=Version.parse(version),
                arch=arch,
                date=1_700_000_000,
                payload=Payload.of([File(path="/usr/bin/kestrel", source=text + arch.encode(), mode=0o755)]),
                about=About(title="kestrel", revision=commit),
            )
            for arch in MACHINES
        ]
        directory = self.directory / f"layout-{len(list(self.directory.iterdir()))}"
        with Packer(self.directory / "spool", threads=1) as packer:
            index = write_layout(images, directory, packer)
        return Artifact(
            path=directory,
            kind="image",
            component="userspace",
            name="kestrel",
            version=Version.parse(version),
            arch="multi",
            size=index.size,
            sha256=index.descriptor.sha256,
        )

    def publisher(
        self,
        *,
        branch: str | None = None,
        dry_run: bool = False,
        registry: FakeRegistry | None = None,
        evidence: Attestor | None = None,
    ) -> RegistryPublisher:
        return RegistryPublisher(
            writer=Bench(registry or self.registry).writer(dry_run=dry_run),
            images=["kestrel"],
            branch=branch,
            evidence=evidence or NoAttachments(),
        )

    def publish(
        self, artifact: Artifact, *, branch: str | None = None, evidence: Attestor | None = None
    ) -> Publication:
        publisher = self.publisher(branch=branch, evidence=evidence)
        stage(publisher, artifact)
        publisher.verify()
        return publisher.commit()

    def shown(self, *, own: bool = False) -> dict[str, str]:
        """What moving tags show, by the version tag with the same digest."""
        tags = self.registry.tags.get(NAME, {})
        versions = {digest: tag for tag, digest in tags.items() if tag.count(".") >= 2}
        return {tag: versions[digest] for tag, digest in tags.items() if own or tag.count(".") < 2}


def stage(publisher: RegistryPublisher, *artifacts: Artifact) -> None:
    publisher.stage(publisher.check(artifacts))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_release_adds_its_version_and_moves_its_lines(world: World) -> None:
    image = world.image("1.2.0")
    publication = world.publish(image)
    assert world.shown() == {"1.2": "1.2.0", "1": "1.2.0", "latest": "1.2.0"}
    assert world.registry.tags[NAME]["1.2.0"] == f"sha256:{image.sha256}"
    assert publication.instructions == (f"docker pull {HOST}/{NAME}:1.2.0",)
    assert publication.present == 0


def test_nothing_is_visible_before_the_commit(world: World) -> None:
    publisher = world.publisher()
    stage(publisher, world.image("1.2.0"))
    publisher.verify()
    assert world.registry.tags == {}


def test_publishing_again_only_looks(world: World) -> None:
    world.publish(world.image("1.2.0"))
    world.registry.requests.clear()
    publication = world.publish(world.image("1.2.0"))
    assert publication.uploaded == 0
    assert publication.present > 0
    assert {request.method for request in world.registry.requests} <= {"GET", "HEAD"}


def test_a_backport_moves_its_own_line_alone(world: World) -> None:
    for version in ("1.1.8", "1.2.0", "1.1.9"):
        world.publish(world.image(version))
    assert world.shown() == {"1.1": "1.1.9", "1.2": "1.2.0", "1": "1.2.0", "latest": "1.2.0"}


def test_tags_are_right_after_every_step_of_a_history_with_backports(world: World) -> None:
    shown: dict[str, str] = {}
    for version, _ in SCRIPTED:
        world.publish(world.image(version))
        shown |= dict.fromkeys(MOVED.get(version, "").split(), version)
        assert world.shown() == shown, version


def test_a_prerelease_moves_nothing(world: World) -> None:
    world.publish(world.image("1.2.0-rc.1"))
    assert set(world.registry.tags[NAME]) == {"1.2.0-rc.1"}


def test_a_merge_moves_the_branch_and_an_older_one_does_not_move_it_back(world: World) -> None:
    for version in ("0.4.0-12+aaaaaaa", "0.4.0-14+ccccccc", "0.4.0-13+bbbbbbb"):
        world.publish(world.image(version), branch="master")
    assert world.registry.tags[NAME]["master"] == world.registry.tags[NAME]["0.4.0-14_ccccccc"]
    assert set(world.registry.tags[NAME]) == {
        "master",
        "0.4.0-12_aaaaaaa",
        "0.4.0-13_bbbbbbb",
        "0.4.0-14_ccccccc",
    }


def test_a_version_from_another_commit_is_an_error_before_anything_is_sent(world: World) -> None:
    world.publish(world.image("1.2.0"))
    before = dict(world.registry.tags[NAME])
    world.registry.requests.clear()
    other = world.image("1.2.0", commit="b" * 40, text=b"other")
    with pytest.raises(ConflictError, match="it was made from commit aaaa"):
        world.publish(other)
    with pytest.raises(ConflictError, match="from the same commit by another plan or base image"):
        world.publish(world.image("1.2.0", text=b"other"))
    assert world.registry.count("PUT", "POST", "PATCH") == 0
    assert world.registry.tags[NAME] == before


def test_two_with_the_same_version_and_other_content_are_told_apart_at_the_tag(world: World) -> None:
    mine, theirs = world.publisher(), world.publisher()
    stage(mine, world.image("1.2.0"))
    stage(theirs, world.image("1.2.0", commit="b" * 40, text=b"other"))
    mine.commit()
    with pytest.raises(ConflictError):
        theirs.commit()
    assert world.shown()["latest"] == "1.2.0"


@pytest.mark.parametrize("order", [("1.1.9", "1.2.0"), ("1.2.0", "1.1.9")])
@pytest.mark.parametrize("moment", range(12))
def test_two_releases_that_race_end_right_in_either_order(
    world: World, order: tuple[str, str], moment: int
) -> None:
    """Even without a lease: the second commits as a whole in front of any request of the first one's commit."""
    world.publish(world.image("1.1.8"))
    first, second = world.publisher(), world.publisher(registry=world.registry.aside())
    stage(first, world.image(order[0]))
    stage(second, world.image(order[1]))
    countdown = [moment]

    def let_the_other_in(request: Request) -> Answer | None:
        countdown[0] -= 1
        if countdown[0] == -1:
            second.commit()
        return None

    world.registry.faults.append(let_the_other_in)
    first.commit()
    if countdown[0] >= 0:
        second.commit()
    assert world.shown() == {"1.1": "1.1.9", "1.2": "1.2.0", "1": "1.2.0", "latest": "1.2.0"}


def test_the_lease_is_held_around_all_tags(world: World) -> None:
    held: list[str] = []

    @contextmanager
    def lease() -> Iterator[None]:
        held.append("held")
        yield
        held.append("released")

    def note(request: Request) -> Answer | None:
        if request.method == "PUT" and held:
            held.append("tag")
        return None

    publisher = RegistryPublisher(
        writer=Bench(world.registry).writer(),
        images=["kestrel"],
        lease=lease,
    )
    world.registry.faults.append(note)
    stage(publisher, world.image("1.0.0"))
    publisher.commit()
    assert held == ["held", *["tag"] * 4, "released"]


def test_a_crash_anywhere_leaves_old_or_new_and_a_second_run_finishes(world: World) -> None:
    class Crash(BaseException):
        pass

    world.publish(world.image("1.1.8"))
    image = world.image("1.2.0", text=b"new")
    old = dict(world.registry.tags[NAME])
    for number in range(200):
        seen = [0]

        def crash(request: Request, seen: list[int] = seen, number: int = number) -> Answer | None:
            seen[0] += 1
            if seen[0] > number:
                raise Crash
            return None

        world.registry.faults = [crash]
        try:
            world.publish(image)
        except Crash:
            now = world.registry.tags[NAME]
            assert now["1.1.8"] == old["1.1.8"]
            for tag in ("1", "latest"):
                assert now[tag] in {old["latest"], f"sha256:{image.sha256}"}
                if now[tag] != old[tag]:
                    assert now["1.2.0"] == now[tag]
        else:
            break
    world.registry.faults = []
    world.publish(image)
    assert world.shown() == {"1.1": "1.1.8", "1.2": "1.2.0", "1": "1.2.0", "latest": "1.2.0"}


def test_what_we_may_not_write_is_found_before_anything_is_built(world: World) -> None:
    world.registry.faults.append(lambda _: error(403, "DENIED"))
    with pytest.raises(RegistryError, match="does not allow"):
        world.publisher().preflight()


def test_tags_that_do_not_stay_are_an_error(world: World) -> None:
    def forget(request: Request) -> Answer | None:
        world.registry.tags.get(NAME, {}).pop("latest", None)
        return None

    world.registry.faults.append(forget)
    with pytest.raises(RegistryError, match="do not stay where they are put"):
        world.publish(world.image("1.2.0"))


def dry_run(world: World, artifact: Artifact) -> dict[str, str]:
    """What a dry run says: blobs and manifests by kind, tags by name."""
    publisher = world.publisher(dry_run=True)
    publisher.preflight()
    stage(publisher, artifact)
    publisher.verify()
    publisher.commit()
    return {change.key.removeprefix(f"{HOST}/{NAME}"): change.kind for change in publisher.changes}


@pytest.mark.parametrize("before", [(), ("1.1.8",), ("1.1.8", "1.3.0")])
def test_a_dry_run_says_what_a_release_does_and_does_nothing(world: World, before: tuple[str, ...]) -> None:
    for version in before:
        world.publish(world.image(version, text=version.encode()))
    had = set(world.registry.blobs), set(world.registry.manifests), dict(world.registry.tags.get(NAME, {}))
    image = world.image("1.2.0")
    world.registry.requests.clear()
    said = dry_run(world, image)
    assert {request.method for request in world.registry.requests} <= {"GET", "HEAD"}

    world.publish(image)
    made = {f"@{digest}": "new" for _, digest in set(world.registry.blobs) - had[0]}
    made |= {f"@{digest}": "new" for _, digest in set(world.registry.manifests) - had[1]}
    for tag, digest in world.registry.tags[NAME].items():
        if had[2].get(tag) != digest:
            made[f":{tag}"] = "replaced" if tag in had[2] else "new"
    assert said == made
    assert dry_run(world, image) == {}


def test_a_dry_run_finds_a_conflict(world: World) -> None:
    world.publish(world.image("1.2.0"))
    with pytest.raises(ConflictError):
        dry_run(world, world.image("1.2.0", commit="b" * 40, text=b"other"))
