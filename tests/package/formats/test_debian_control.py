import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from jesses.base.naming import spelling
from jesses.base.naming.arch import Arch
from jesses.base.package import Relations
from jesses.package.formats import debian_control
from tests.support.deb_example import KESTREL


def is_prerelease(identifier: str) -> bool:
    return not identifier.isdigit() or identifier == str(int(identifier))


def none_for_empty(text: str) -> str | None:
    return text or None


IDENTIFIERS = st.text(st.sampled_from(string.ascii_letters + string.digits + "-"), min_size=1, max_size=8)
NUMBERS = st.integers(0, 99)
VERSIONS = st.builds(
    Version,
    NUMBERS,
    NUMBERS,
    NUMBERS,
    prerelease=st.lists(IDENTIFIERS.filter(is_prerelease), max_size=3).map(".".join).map(none_for_empty),
    build=st.lists(IDENTIFIERS, max_size=2).map(".".join).map(none_for_empty),
)


@given(VERSIONS)
def test_every_version_is_one_that_policy_allows_without_epoch_and_revision(version: Version) -> None:
    control = debian_control.stanza(replace(KESTREL, version=version), installed_size=1)
    fields = dict(line.split(": ", 1) for line in control.splitlines() if not line.startswith(" "))
    assert fields["Version"] == spelling.deb(version)
    assert set(fields["Version"]) <= set(string.ascii_letters + string.digits + ".+~")
    assert fields["Version"][0].isdigit()


@pytest.mark.parametrize(("arch", "expected"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("noarch", "all")])
def test_architectures_have_the_names_of_debian(arch: Arch, expected: str) -> None:
    control = debian_control.stanza(replace(KESTREL, arch=arch), installed_size=1)
    assert f"\nArchitecture: {expected}\n" in control


@given(st.text(st.sampled_from("ab .\n\t-"), max_size=400))
def test_a_description_stays_one_field_with_the_same_words(text: str) -> None:
    lines = list(debian_control.folded(text))
    assert all(line.startswith(" ") and line.strip() and line == line.rstrip() for line in lines)
    assert all(line == " ." or not line.startswith(" .") for line in lines)
    assert [word for line in lines for word in line.split() if word != "."] == [
        word for word in text.split() if word != "."
    ]


def test_fields_without_a_value_are_left_out() -> None:
    package = replace(KESTREL, homepage="", description="", relations=Relations())
    control = debian_control.stanza(package, installed_size=1)
    assert control.endswith("Priority: optional\nDescription: watches what happens on a machine\n")
    assert "Homepage" not in control


def test_relations_are_spelled_as_dpkg_writes_them() -> None:
    relations = Relations(depends=("a1(>=1.0-1)", "b2:any   ( = 1:2.0 )|c3"), suggests=("d.4+x",))
    control = debian_control.stanza(replace(KESTREL, relations=relations), installed_size=1)
    assert "\nDepends: a1 (>= 1.0-1), b2:any (= 1:2.0) | c3\n" in control
    assert "\nSuggests: d.4+x\n" in control
