import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jesses.base.errors import OutputError
from jesses.base.naming.arch import MACHINES, OCI
from jesses.image.write import write_layout
from jesses.package.compression import Packer
from tests.support.image_example import DATE, Layout, archive_of, both, entries_in


@pytest.fixture
def packer(tmp_path: Path) -> Iterator[Packer]:
    with Packer(tmp_path / "spool", threads=2) as packer:
        yield packer


@pytest.mark.parametrize("arch", MACHINES)
def test_an_archive_is_an_oci_archive(arch: Any, packer: Packer, tmp_path: Path) -> None:  # noqa: ANN401
    archive = archive_of(write_layout(both(), tmp_path / "layout", packer), arch)
    layout = Layout({info.name: data for info, data in entries_in(archive) if info.isreg()})
    assert layout.document("oci-layout") == {"imageLayoutVersion": "1.0.0"}
    [entry] = layout.document("index.json")["manifests"]
    assert entry["annotations"]["org.opencontainers.image.ref.name"] == "1.2.3-4_abc1234"
    layout.check_manifest(entry, OCI[arch])
    assert layout.reached | {"manifest.json"} == set(layout.files)


def test_an_archive_is_a_docker_archive(packer: Packer, tmp_path: Path) -> None:
    archive = archive_of(write_layout(both(), tmp_path / "layout", packer))
    files = {info.name: data for info, data in entries_in(archive)}
    [image] = json.loads(files["manifest.json"])
    assert image["RepoTags"] == ["example/kestrel:1.2.3-4_abc1234"]
    diff_ids = json.loads(files[image["Config"]])["rootfs"]["diff_ids"]
    layers = [hashlib.sha256(gzip.decompress(files[name])).hexdigest() for name in image["Layers"]]
    assert diff_ids == [f"sha256:{digest}" for digest in layers]


def test_a_blob_that_is_gone_is_named(packer: Packer, tmp_path: Path) -> None:
    index = write_layout(both(), tmp_path / "layout", packer)
    (tmp_path / "layout" / index.images[0].manifest.layers[0].path).unlink()
    with pytest.raises(OutputError, match=r"cannot read .*layout.*: No such file"):
        archive_of(index)


def test_an_archive_shows_nothing_of_the_machine(packer: Packer, tmp_path: Path) -> None:
    one = archive_of(write_layout(both(), tmp_path / "one", packer))
    two = archive_of(write_layout(both(), tmp_path / "two", packer))
    assert one == two
    infos = [info for info, _ in entries_in(one)]
    assert {(info.uid, info.gid, info.uname, info.gname, info.mtime) for info in infos} == {
        (0, 0, "", "", DATE)
    }
    assert {(info.isdir(), info.mode) for info in infos} == {(True, 0o755), (False, 0o644)}
