import gzip
import lzma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jesses.publish.apt import index as apt_index
from jesses.publish.apt.index import Index, Stanza


def stanza(name: str = "a", version: str = "1", arch: str = "amd64", more: str = "") -> Stanza:
    control = f"Package: {name}\nVersion: {version}\nArchitecture: {arch}\n{more}"
    return Stanza.of(control, filename=f"pool/{name}.deb", size=1, sha256=f"{name}{version}")


def names(index: Index) -> list[str]:
    return [found.package for found in index.stanzas()]


@given(
    st.lists(st.sampled_from("abcdef"), unique=True, min_size=1),
    st.sets(st.sampled_from("abcdef")),
    st.sampled_from(["\n\n", "\n\n\n", "\n \t\n"]),
)
def test_what_is_taken_out_is_gone_and_the_rest_stays_byte_for_byte(
    there: list[str], gone: set[str], blank: str
) -> None:
    texts = {name: stanza(name, more="Description: x\n  Version: 1\n").text.decode() for name in there}
    index = Index(text=(blank.join(text.rstrip("\n") for text in texts.values()) + "\n").encode())
    changed = apt_index.remove({"amd64": index}, [stanza(name).identity for name in gone])
    assert bool(changed) == bool(gone & set(there))
    after = changed.get("amd64", index)
    kept = [name for name in there if name not in gone]
    assert names(after) == kept
    assert [found.text.decode() for found in after.stanzas()] == [texts[name] for name in kept]


def test_every_form_of_an_index_says_the_same() -> None:
    index = apt_index.add({}, [stanza()])["amd64"]
    assert gzip.decompress(index.packed["Packages.gz"]) == index.text
    assert lzma.decompress(index.packed["Packages.xz"]) == index.text
    directory = "main/binary-amd64"
    assert set(index.stored("main", "amd64")) == {f"{directory}/Packages.gz", f"{directory}/Packages.xz"}
    assert index.plain("main", "amd64") == {f"{directory}/Packages": index.text}


def test_adding_changes_only_the_indexes_concerned() -> None:
    indexes = apt_index.add({}, [stanza()])
    assert set(indexes) == {"amd64", "arm64"}
    assert set(apt_index.add(indexes, [stanza("b")])) == {"amd64"}
    assert set(apt_index.add(indexes, [stanza("b", arch="all")])) == {"amd64", "arm64"}
    assert apt_index.add(indexes, [stanza()]) == {}


@pytest.mark.parametrize("text", ["", "Package: a\nVersion: 1\nArchitecture: amd64\nSHA256: a1", "\n\n"])
def test_a_package_is_found_by_all_that_names_it(text: str) -> None:
    index = Index(text=text.encode())
    found = index.find(("a", "1", "amd64"))
    assert (found is not None) == ("Package" in text)
    for other in (("a", "1", "arm64"), ("b", "1", "amd64"), ("a", "11", "amd64"), ("a", "", "amd64")):
        assert index.find(other) is None
