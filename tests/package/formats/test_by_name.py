import gzip
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from jesses.base.package import RELATIONS, Relations
from jesses.package.compression import Packer
from jesses.package.formats.by_name import COST, FORMATS
from tests.support.deb_example import KESTREL, parts


@pytest.mark.parametrize("kind", ["deb", "rpm"])
@pytest.mark.parametrize("relation", RELATIONS)
def test_no_relation_is_lost(tmp_path: Path, kind: Literal["deb", "rpm"], relation: str) -> None:
    package = replace(KESTREL, relations=Relations(**{relation: ("some-other-package",)}), scripts={})
    with Packer(tmp_path) as packer:
        file = bytes(FORMATS[kind].assemble(package, packer).file)
    read = file if kind == "rpm" else gzip.decompress(parts(file)["control.tar.gz"])
    assert b"some-other-package" in read


def test_every_format_has_a_cost() -> None:
    assert COST.keys() == FORMATS.keys()
