import pytest
from semver import Version

from jesses.config import Component
from jesses.plan.versions.lines import after_contract, branch_of, component_of_tag, tag_of, tagged_versions

USERSPACE = Component()
DRIVER = Component(tag="{version}+driver", bump="contract", contract=("API_VERSION",), paths=("driver",))
BOTH = {"userspace": USERSPACE, "driver": DRIVER}


@pytest.mark.parametrize(
    ("after", "expected"), [("7.0.0", "7.1.1"), ("7.0.1", "7.1.1"), ("7.1.0", "7.2.0"), ("8.0.0", "8.0.0")]
)
def test_a_drivers_version_follows_its_contract(after: str, expected: str) -> None:
    (base,) = tagged_versions({"driver": DRIVER}, {"7.1.0+driver": "7.1.0"})["driver"]
    texts = {"7.1.0": "7.0.0\n", "new": f"{after}\n"}
    version, why = after_contract(DRIVER, base, "new", lambda _, at: texts[at])
    assert str(version) == expected
    assert "patch" in why or "API_VERSION rose" in why


def test_a_line_has_its_branch_in_the_form_of_its_tags() -> None:
    assert branch_of(USERSPACE, Version.parse("1.2.3")) == "release/1.2.x"
    assert branch_of(DRIVER, Version.parse("7.2.0-rc1")) == "release/7.2.x+driver"


@pytest.mark.parametrize("version", ["1.2.3", "7.2.0-rc1"])
@pytest.mark.parametrize("name", BOTH)
def test_a_tag_is_read_back_as_the_component_and_version_that_it_was_made_for(
    name: str, version: str
) -> None:
    tag = tag_of(BOTH[name], Version.parse(version))
    assert component_of_tag(tag, BOTH) == (name, Version.parse(version))


def test_a_tag_of_nobody_is_no_version() -> None:
    assert component_of_tag("v1.2", BOTH) is None
