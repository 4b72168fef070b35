"""Where a publisher writes: repositories below a prefix, made first where a registry does not make them."""

from dataclasses import dataclass, field

import pytest

from jesses.base.errors import RegistryError
from jesses.image.registry.auth import Credential
from jesses.image.registry.dry_run import DryRunRepository
from jesses.image.registry.ecr import Catalog
from jesses.image.registry.reference import Reference
from jesses.image.registry.registries import Registries
from jesses.image.registry.writer import RegistryWriter
from tests.support.fake_registry import FakeRegistry, error

PREFIX = Reference.parse_prefix("public.ecr.aws/alias/birds")


@dataclass
class Amazon:
    """A registry of Amazon in which nothing is made at the first push."""

    anonymous: bool = True
    made: dict[str, Catalog] = field(default_factory=dict)

    def credential(self) -> Credential:
        return Credential(username="AWS")

    def create(self, repository: str, catalog: Catalog) -> None:
        self.made[repository] = catalog


def catalog(name: str) -> Catalog:
    return Catalog(description=name, about="", usage="", architectures=())


def writer(registry: FakeRegistry, amazon: Amazon | None, *, dry_run: bool = False) -> RegistryWriter:
    return RegistryWriter(
        registries=Registries(
            session=registry.session,
            public=registry.session,
            find_credential=lambda _: None,
            find_amazon=lambda _: amazon,
        ),
        prefix=PREFIX,
        catalog=catalog,
        dry_run=dry_run,
    )


def test_a_repository_of_amazon_is_made_with_the_catalog_of_its_image() -> None:
    amazon = Amazon()
    writer(FakeRegistry(), amazon).check("kestrel")
    assert amazon.made == {"alias/birds/kestrel": catalog("kestrel")}


def test_elsewhere_nothing_is_made_but_asked_for() -> None:
    registry = FakeRegistry()
    writer(registry, None).check("kestrel")
    assert [(each.method, each.path) for each in registry.requests] == [
        ("POST", "/v2/alias/birds/kestrel/blobs/uploads/"),
        ("DELETE", registry.requests[1].path),
    ]
    registry.faults.append(lambda _: error(403, "DENIED"))
    with pytest.raises(RegistryError, match="does not allow"):
        writer(registry, None).check("kestrel")


def test_a_dry_run_makes_and_writes_nothing() -> None:
    registry, amazon = FakeRegistry(), Amazon()
    writing = writer(registry, amazon, dry_run=True)
    writing.check("kestrel")
    assert isinstance(writing.repository("kestrel"), DryRunRepository)
    assert amazon.made == {}
    assert registry.count("POST", "PUT", "PATCH", "DELETE") == 0


def test_an_image_is_named_with_its_registry() -> None:
    made = writer(FakeRegistry(), None)
    assert made.full_name("kestrel") == "public.ecr.aws/alias/birds/kestrel"
    assert made.repository("kestrel").name == "alias/birds/kestrel"
