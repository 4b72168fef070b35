"""`./inv release` on a machine that has Python and git and nothing else, twice, with the same bytes."""

import json
import re
from pathlib import Path

import pytest

from tests.engines.chroot import Root
from tests.engines.product import checkout_of_jesses

FIRST = {"TZ": "UTC", "LANG": "C.UTF-8", "UMASK": "022"}
SECOND = {"TZ": "Asia/Kathmandu", "LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "UMASK": "077"}


@pytest.fixture
def machine(bare_root: Root, tmp_path: Path) -> Root:
    clone = tmp_path / "clone"
    checkout_of_jesses(clone)
    bare_root.copy(clone, "/one/jesses")
    bare_root.copy(clone, "/another/place/two")
    return bare_root


def release(machine: Root, directory: str, surroundings: dict[str, str], *options: str) -> Path:
    """Run `./inv release` there; its dist."""
    command = (
        f"umask {surroundings['UMASK']}; git config --global --add safe.directory '*'; exec ./inv release "
    )
    machine.run("sh", "-c", command + " ".join(options), cwd=directory, env=surroundings)
    return machine.inside(directory) / "dist"


def digests(dist: Path) -> dict[str, str]:
    rows = json.loads((dist / "artifacts.json").read_text())["artifacts"]
    return {row["path"]: row["sha256"] for row in rows}


def index_files(dist: Path) -> dict[str, bytes]:
    """What describes the artifacts and is the same whenever and wherever it is made.

    That is everything but the dated pointers, and what tells users the address, here that of the output.
    """
    dated = re.compile(r"(^|/)(Release|repomd\.xml|mirrorlist|kestrel\.(sources|repo)|latest/[a-z]+\.json)$")
    files = {path.relative_to(dist).as_posix(): path for path in dist.rglob("*") if path.is_file()}
    # A snapshot of YUM is called by the digest of its repomd.xml, which is dated.
    snapshot = re.compile(r"/snap/[0-9a-f]+/")
    return {
        snapshot.sub("/snap/ID/", name): path.read_bytes()
        for name, path in files.items()
        if not dated.search(name)
    }


def test_two_runs_in_different_surroundings_make_the_same_artifacts(machine: Root) -> None:
    assert machine.run("sh", "-c", "command -v cc gcc make docker pip", check=False).stdout == ""
    first = release(machine, "/one/jesses", FIRST)
    second = release(machine, "/another/place/two", SECOND)
    assert len(digests(first)) == 35
    assert digests(first) == digests(second)

    unsigned_first = index_files(release(machine, "/one/jesses", FIRST, "--no-sign"))
    unsigned_second = index_files(release(machine, "/another/place/two", SECOND, "--no-sign"))
    assert unsigned_first.keys() == unsigned_second.keys()
    different = [name for name, data in unsigned_first.items() if data != unsigned_second[name]]
    assert different == []
    assert "SHA256SUMS" in unsigned_first
    assert "site/apt/dists/stable/main/binary-amd64/Packages.gz" in unsigned_first
