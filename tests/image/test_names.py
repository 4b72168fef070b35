import json
from dataclasses import replace
from pathlib import Path

import pytest

from jesses.image.names import split_name
from jesses.image.write import write_layout
from jesses.package.compression import Packer
from tests.support.image_example import KESTREL, archive_of, entries_in


@pytest.mark.parametrize(
    ("name", "registry", "repository"),
    [
        ("kestrel", "docker.io", "library/kestrel"),
        ("example/kestrel", "docker.io", "example/kestrel"),
        ("ghcr.io/example/kestrel", "ghcr.io", "example/kestrel"),
        ("localhost/kestrel", "localhost", "kestrel"),
        ("127.0.0.1:5000/kestrel", "127.0.0.1:5000", "kestrel"),
        ("registry:5000/a/b", "registry:5000", "a/b"),
    ],
)
def test_a_name_means_what_it_means_to_an_engine(
    name: str, registry: str, repository: str, tmp_path: Path
) -> None:
    assert split_name(name) == (registry, repository)
    with Packer(tmp_path / "spool", threads=1) as packer:
        index = write_layout([replace(KESTREL, name=name)], tmp_path / "layout", packer)
    [image] = json.loads({info.name: data for info, data in entries_in(archive_of(index))}["manifest.json"])
    assert image["RepoTags"] == [f"{name}:1.2.3-4_abc1234"]
