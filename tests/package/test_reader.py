import shutil
from pathlib import Path

import pytest

from jesses.base.errors import PayloadError
from jesses.config import Contents
from jesses.package import elf
from jesses.package.reader import PayloadReader
from tests.support.paths import ELF

CONTENTS = (Contents(path="/usr/bin/tell", staged="tell"), Contents(path="/usr/share/text", staged="text"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    tree.mkdir()
    shutil.copy(ELF / "dynamic-x86_64", tree / "tell")
    (tree / "text").write_text("text")
    return tree


def test_what_was_found_is_remembered(tree: Path) -> None:
    reader = PayloadReader()
    first = reader.payload(CONTENTS, sources=tree, staged=tree, version="1.0.0")
    programs = reader.programs(first)
    assert [program.path for program in programs] == ["/usr/bin/tell"]
    assert programs[0].elf == elf.read(ELF / "dynamic-x86_64")
    shutil.rmtree(tree)
    # Other contents, which share an entry, as another format has them.
    fewer = reader.payload(CONTENTS[:1], sources=tree, staged=tree, version="1.0.0")
    assert fewer.entries == first.entries[:1]
    assert reader.programs(fewer) == programs


def test_another_version_or_tree_is_another_payload(tree: Path, tmp_path: Path) -> None:
    reader = PayloadReader()
    contents = (Contents(path="/usr/src/k-{version}/text", staged="text"),)
    made = [reader.payload(contents, sources=tree, staged=tree, version=version) for version in "12"]
    assert [payload.entries[0].path for payload in made] == ["/usr/src/k-1/text", "/usr/src/k-2/text"]
    with pytest.raises(PayloadError, match="the build staged no text"):
        reader.payload(contents, sources=tree, staged=tmp_path, version="1")


@pytest.mark.parametrize("early", [True, False])
def test_programs_are_split_when_they_are_read_or_later(tree: Path, tmp_path: Path, *, early: bool) -> None:
    reader, scratch = PayloadReader(), tmp_path / "scratch"
    payload = reader.payload(CONTENTS, sources=tree, staged=tree, version="1.0.0")
    reader.programs(payload, split=scratch if early else None)
    assert scratch.exists() == early
    stripped, debug = reader.separate(payload, scratch)
    assert [str(file.source) for file in stripped.files] != [str(file.source) for file in payload.files]
    assert len(debug.files) == 1
    assert {path.name for path in scratch.iterdir()} == {
        Path(str(file.source)).name for file in (*stripped.files[:1], *debug.files)
    }
