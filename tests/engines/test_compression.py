"""What was compressed, in the hands of gzip, xz, zstd, tar, dpkg and rpm; a full disk; 2 GB of payload."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jesses.base.artifact import COMPRESSED, Compression, suffix
from jesses.base.bytes.atomic import write_file
from jesses.base.errors import OutputError
from jesses.base.payload import File, Payload
from jesses.package.compression import Packer, xz
from jesses.package.formats import ar, tarball
from tests.engines import debs, rpm_packages
from tests.engines.debs import DebRoots
from tests.engines.engines import COMPRESSORS, DEBIAN_ROOT, require, run
from tests.engines.rpm_root import RpmRoot
from tests.support.contents import some_bytes
from tests.support.paths import ROOT

PROGRAMS = {"gzip": "gzip", "zstd": "zstd", "xz": "xz"}
# More than one block of xz, several segments of gzip, several jobs of zstd.
LARGE = xz.BLOCK + (3 << 20) + 5


@pytest.fixture(params=tuple(COMPRESSED))
def compression(request: pytest.FixtureRequest) -> Compression:
    require(COMPRESSORS)
    found: Compression = request.param
    return found


@pytest.fixture
def files(tmp_path: Path) -> tuple[File, ...]:
    (tmp_path / "large").write_bytes(some_bytes(LARGE))
    small = (File(path=f"/opt/kestrel/{number}", source=some_bytes(number * 900)) for number in range(40))
    return (*small, File(path="/opt/kestrel/large", source=tmp_path / "large"))


def content(file: File) -> bytes:
    return file.source if isinstance(file.source, bytes) else Path(file.source).read_bytes()


def test_the_programs_of_each_format_and_tar_read_a_tarball(
    compression: Compression, files: tuple[File, ...], tmp_path: Path
) -> None:
    package = replace(debs.package(*files), compression=compression)
    path = tmp_path / f"kestrel{suffix('tarball', compression)}"
    with Packer(tmp_path / "spool") as packer:
        write_file(path, tarball.assemble(package, packer).file)
    run(PROGRAMS[compression], "--test", path)
    run("tar", "--extract", "--file", path, "--directory", tmp_path)
    for file in files:
        assert (tmp_path / f"kestrel-1.0.0{file.path}").read_bytes() == content(file)


def test_xz_finds_one_stream_of_many_blocks(tmp_path: Path) -> None:
    require(COMPRESSORS)
    path = tmp_path / "archive.xz"
    with Packer(tmp_path / "spool") as packer:
        writer = packer.archive("xz")
        writer.write(some_bytes(LARGE))
        write_file(path, writer.close().rope)
    totals = run("xz", "--robot", "--list", path).stdout.splitlines()[-1].split("\t")
    assert totals[:3] == ["totals", "1", "2"]
    assert totals[6] == "CRC32"


def test_dpkg_installs_each_compression(
    deb_root: DebRoots, compression: Compression, files: tuple[File, ...], tmp_path: Path
) -> None:
    with debs.builder(tmp_path) as build:
        path = build(replace(debs.package(*files), compression=compression)).path
    with path.open("rb") as stream:
        assert [member.name for member in ar.members(stream)][-1] == f"data.tar{COMPRESSED[compression]}"
    machine = deb_root("plain")
    machine.install_files(path)
    assert machine.root.run("dpkg", "--verify", "kestrel").stdout == ""
    for file in files:
        assert machine.root.inside(file.path).read_bytes() == content(file)


def test_rpm_installs_each_compression(
    rpm_root: Callable[[], RpmRoot], compression: Compression, files: tuple[File, ...], tmp_path: Path
) -> None:
    package = replace(rpm_packages.agent(), payload=Payload.of(files), scripts={}, compression=compression)
    path = rpm_packages.build(package, tmp_path / "dist").path
    root = rpm_root()
    assert root.rpm("-K", path).stdout == f"{path}: digests OK\n"
    assert root.rpm("-qp", "--queryformat", "%{PAYLOADCOMPRESSOR}", path).stdout == compression
    feature = {"gzip": "", "xz": "PayloadIsXz", "zstd": "PayloadIsZstd"}[compression]
    assert f"rpmlib({feature})" in root.rpm("-qp", "--requires", path).stdout or compression == "gzip"
    root.rpm("-i", "--nodeps", path)
    for file in files:
        assert root.root.inside(file.path).read_bytes() == content(file)
    assert root.rpm("-V", "--nodeps", "kestrel").stdout == ""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    require(DEBIAN_ROOT)
    disk = tmp_path / "disk"
    disk.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=2m", "jesses", disk)
    yield disk
    run("umount", disk)


@pytest.mark.parametrize("full", ["output", "spool"])
def test_a_full_disk_is_a_clear_error_and_leaves_no_half_file(
    small_disk: Path, tmp_path: Path, full: str, files: tuple[File, ...]
) -> None:
    (tmp_path / "roomy").mkdir()
    place = {"output": tmp_path / "roomy", "spool": tmp_path / "roomy", full: small_disk}
    path = place["output"] / "kestrel.tar.gz"

    def write() -> None:
        with Packer(place["spool"] / "spool", memory=0) as packer:
            write_file(path, tarball.assemble(debs.package(*files), packer).file)

    with pytest.raises(OutputError, match="No space left on device"):
        write()
    assert [
        found for found in place["output"].rglob("*") if found.is_file() and "spool" not in found.parts
    ] == []


def test_two_gigabytes_need_little_memory(tmp_path: Path) -> None:
    """Sizes beyond memory's reach: 2 GiB of holes among 2,000 small files and a program."""
    require(COMPRESSORS)
    tree = tmp_path / "payloads" / "x86_64"
    tree.mkdir(parents=True)
    with (tree / "large").open("wb") as out:
        out.write(some_bytes(64 << 20))
        out.truncate(2 << 30)
    for number in range(2000):
        (tree / f"{number}").write_bytes(some_bytes(4000, number))
    (tmp_path / "output").mkdir()
    places = (str(tree.parent), str(tmp_path / "output"))
    argv = [sys.executable, "-m", "benchmarks.packaging.ours", *places]
    done = subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout)["peak_mib"] < 300
