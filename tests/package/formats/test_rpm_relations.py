import pytest

from jesses.package.formats import rpm_relations
from jesses.package.formats.rpm_relations import RpmRelation
from jesses.package.formats.rpm_tags import Sense


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dkms", RpmRelation(name="dkms")),
        ("libfoo >= 1.2", RpmRelation(name="libfoo", evr="1.2", sense=Sense.GREATER | Sense.EQUAL)),
        ("libfoo>=2:1.2-3", RpmRelation(name="libfoo", evr="2:1.2-3", sense=Sense.GREATER | Sense.EQUAL)),
        (" a = 1 ", RpmRelation(name="a", evr="1", sense=Sense.EQUAL)),
        ("a<1", RpmRelation(name="a", evr="1", sense=Sense.LESS)),
        ("libc.so.6(GLIBC_2.34)(64bit)", RpmRelation(name="libc.so.6(GLIBC_2.34)(64bit)")),
        ("/usr/bin/env", RpmRelation(name="/usr/bin/env")),
        ("perl(Foo::Bar) > 1", RpmRelation(name="perl(Foo::Bar)", evr="1", sense=Sense.GREATER)),
    ],
)
def test_relations_are_read_from_text(text: str, expected: RpmRelation) -> None:
    assert rpm_relations.parse(text) == expected


def test_what_is_no_relation_is_none() -> None:
    assert [rpm_relations.parse(text) for text in ("", "a b", "a >= 1-2-3", ">= 1")] == [None] * 4


def test_a_package_provides_itself_for_its_architecture() -> None:
    provided = list(rpm_relations.provided("kestrel", "1-1", "aarch64", has_config=False))
    assert [(relation.name, relation.evr) for relation in provided] == [
        ("kestrel", "1-1"),
        ("kestrel(aarch-64)", "1-1"),
    ]
