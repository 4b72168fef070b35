"""What vouches for an image is made once, and what a registry holds of it is used again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from jesses.base.artifact import Artifact
from jesses.history.ci import detect
from jesses.image.registry.attachments import ATTESTATION, BUNDLE, STATEMENT, attached
from jesses.image.registry.client import ImageRepository
from jesses.publish.images.evidence import SIGNED, Evidence, UnsignedNotary
from jesses.publish.images.evidence import Notary as AnyNotary
from jesses.publish.images.publisher import RegistryPublisher
from jesses.signing.ecdsa import EcdsaKey
from tests.publish.images.test_publisher import World
from tests.support.fake_registry import FakeRegistry
from tests.support.registry_bench import HOST, Bench

KEY = EcdsaKey(ec.derive_private_key(7, ec.SECP256R1()))
OTHER = EcdsaKey(ec.derive_private_key(8, ec.SECP256R1()))
SLSA = "https://slsa.dev/provenance/v1"
CI = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_WORKFLOW_REF": "example/hawk/x.yaml@main",
}


@dataclass
class Notary:
    """Never signs twice the same, and stands by nothing that another `name` signed."""

    name: bytes = b"me"
    signed: list[bytes] = field(default_factory=list)

    def sign(self, statement: bytes) -> bytes:
        self.signed.append(statement)
        return b"%b %d:%b" % (self.name, len(self.signed), statement)

    def opened(self, bundle: bytes) -> bytes | None:
        who, _, statement = bundle.partition(b":")
        return statement if who.startswith(self.name + b" ") else None


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def publish(
    artifact: Artifact,
    *registries: FakeRegistry,
    key: EcdsaKey | None = None,
    notary: AnyNotary | None = None,
    environment: Mapping[str, str] | None = None,
    dry_run: bool = False,
) -> list[str]:
    """One run: every step in all registries before the next one; what a `dry_run` says would be written."""
    evidence = Evidence(key=key, notary=notary, ci=detect(environment or {}))
    publishers = [
        RegistryPublisher(
            writer=Bench(registry).writer(dry_run=dry_run),
            images=["kestrel"],
            evidence=evidence,
        )
        for registry in registries
    ]
    for publisher in publishers:
        publisher.check([artifact])
    for publisher in publishers:
        publisher.stage([artifact])
    for publisher in publishers:
        publisher.commit()
    return [change.key for publisher in publishers for change in publisher.changes]


def repository(registry: FakeRegistry) -> ImageRepository:
    return Bench(registry).repository()


def held(registry: FakeRegistry, artifact: Artifact, kind: str) -> list[bytes]:
    return list(attached(f"sha256:{artifact.sha256}", kind, repository(registry)))


def test_without_a_key_it_is_signed_once_for_all_registries(world: World) -> None:
    notary, one, two = Notary(), FakeRegistry(), FakeRegistry()
    image = world.image("1.2.0")
    publish(image, one, two, notary=notary)
    assert [json.loads(statement)["predicateType"] for statement in notary.signed] == [SIGNED, SLSA]
    assert held(one, image, BUNDLE) == held(two, image, BUNDLE)
    for entry in repository(one).manifest("1.2.0").json["manifests"]:
        [bundle] = attached(entry["digest"], BUNDLE, repository(two))
        assert bundle.startswith(b"me 1:")
        assert entry["digest"].removeprefix("sha256:") in bundle.decode()


def test_what_one_registry_holds_all_get(world: World) -> None:
    notary, one, two = Notary(), FakeRegistry(), FakeRegistry()
    image = world.image("1.2.0")
    publish(image, one, notary=notary)
    publish(image, two, one, notary=notary)
    assert len(notary.signed) == 2
    assert held(two, image, BUNDLE) == held(one, image, BUNDLE)
    assert len(held(one, image, BUNDLE)) == 2


def test_what_somebody_else_signed_is_not_taken(world: World) -> None:
    registry = FakeRegistry()
    image = world.image("1.2.0")
    publish(image, registry, notary=Notary(name=b"stranger"))
    mine = Notary()
    publish(image, registry, notary=mine)
    assert len(mine.signed) == 2
    assert len(held(registry, image, BUNDLE)) == 4


@pytest.mark.parametrize("key", [KEY, None], ids=["signed", "unsigned"])
def test_another_machine_that_finishes_the_release_leaves_the_provenance(
    world: World, key: EcdsaKey | None
) -> None:
    registry = FakeRegistry()
    image = world.image("1.2.0")
    publish(image, registry, key=key, environment=CI)
    registry.requests.clear()
    publish(image, registry, key=key)
    [statement] = held(registry, image, ATTESTATION if key else STATEMENT)
    assert registry.count("PUT", "POST", "PATCH") == 0
    if key is None:
        run = json.loads(statement)["predicate"]["runDetails"]
        assert run["builder"]["id"] == "https://github.com/example/hawk/x.yaml@main"


def test_an_envelope_of_another_key_is_made_anew(world: World) -> None:
    registry = FakeRegistry()
    image = world.image("1.2.0")
    publish(image, registry, key=OTHER)
    publish(image, registry, key=KEY)
    assert len(held(registry, image, ATTESTATION)) == 2


def test_a_key_comes_before_a_token(world: World) -> None:
    registry, notary = FakeRegistry(), Notary()
    image = world.image("1.2.0")
    publish(image, registry, key=KEY, notary=notary)
    assert notary.signed == []
    assert held(registry, image, BUNDLE) == []


def test_the_next_version_is_signed_itself(world: World) -> None:
    registry, notary = FakeRegistry(), Notary()
    for version in ("1.2.0", "1.2.1"):
        publish(world.image(version), registry, notary=notary)
    assert len(notary.signed) == 4


@pytest.mark.parametrize("has_referrers", [True, False], ids=["referrers", "tags"])
@pytest.mark.parametrize("key", [KEY, None], ids=["signed", "unsigned"])
def test_a_dry_run_says_what_would_be_attached(
    world: World, key: EcdsaKey | None, *, has_referrers: bool
) -> None:
    registry = FakeRegistry()
    registry.has_referrers = has_referrers
    image = world.image("1.2.0")
    said = publish(image, registry, key=key, dry_run=True)
    assert (registry.blobs, registry.manifests, registry.tags) == ({}, {}, {})
    publish(image, registry, key=key)
    name = f"{HOST}/example/kestrel"
    made = [f"{name}@{digest}" for _, digest in (*registry.blobs, *registry.manifests)]
    made += [f"{name}:{tag}" for tag in registry.tags["example/kestrel"]]
    assert sorted(said) == sorted(made)
    assert publish(image, registry, key=key, dry_run=True) == []


def test_a_dry_run_signs_nothing(world: World) -> None:
    notary = Notary()
    said = publish(world.image("1.2.0"), FakeRegistry(), notary=UnsignedNotary(notary), dry_run=True)
    assert notary.signed == []
    assert f"{HOST}/example/kestrel:1.2.0" in said
