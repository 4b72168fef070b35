import itertools
from pathlib import Path
from typing import get_args

import pytest

from jesses.base.artifact import COMPRESSED
from jesses.config import load
from jesses.config.distributions import DEFAULT_OLDEST, READERS, Distribution
from tests.config.test_load import GOOD, problems


def test_every_distribution_has_a_reader() -> None:
    assert set(READERS) == set(get_args(Distribution))


def test_gzip_is_what_everybody_reads(tmp_path: Path) -> None:
    (tmp_path / "release.toml").write_text(GOOD)
    compression = load(tmp_path).compression
    assert (compression.tarball, compression.deb, compression.rpm) == ("gzip", "gzip", "gzip")
    assert compression.oldest == DEFAULT_OLDEST
    for reader, chosen in itertools.product(READERS.values(), COMPRESSED):
        assert reader.reads(chosen) == (chosen != "zstd" or reader.zstd)


@pytest.mark.parametrize(("key", "refused"), [("deb", "debian-10 (dpkg 1.19)"), ("rpm", "el7 (rpm 4.11)")])
def test_what_the_oldest_distributions_cannot_read_is_refused(tmp_path: Path, key: str, refused: str) -> None:
    what = problems(tmp_path, f'{GOOD}\n[compression]\n{key} = "zstd"\n')
    assert what.count("cannot read zstd") == 1
    assert f"compression.{key}: {refused} cannot read zstd; choose gzip or xz" in what


@pytest.mark.parametrize(
    "chosen",
    [
        'tarball = "zstd"',
        'deb = "xz"\nrpm = "xz"',
        'deb = "zstd"\nrpm = "zstd"\noldest = ["debian-12", "ubuntu-18.04", "el8", "amazon-2023"]',
        'deb = "zstd"\noldest = ["debian-13", "el7"]',  # el7 reads no DEB
    ],
)
def test_what_they_can_read_is_taken(tmp_path: Path, chosen: str) -> None:
    (tmp_path / "release.toml").write_text(f"{GOOD}\n[compression]\n{chosen}\n")
    load(tmp_path)


def test_a_distribution_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    what = problems(tmp_path, f'{GOOD}\n[compression]\noldest = ["debian-3"]\n')
    assert "compression.oldest.0: 'debian-3' must be 'debian-10'" in what
