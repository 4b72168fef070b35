"""Kestrel's debug packages in the hands of gdb and readelf, which know nothing of how they were made."""

import json
from pathlib import Path

import pytest

from jesses.base.naming.arch import MACHINES
from tests.engines.engines import DEBUGGER, require, run
from tests.engines.product import KESTREL, copy_of


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("debug")
    copy_of(KESTREL, base / "kestrel").release(base / "dist", "--no-sign")
    return base / "dist"


def unpacked(dist: Path, arch: str, kind: str, *names: str, into: Path) -> Path:
    """A root with the files of packages; `into` is made."""
    into.mkdir()
    rows = json.loads((dist / "artifacts.json").read_text())["artifacts"]
    for name in names:
        [path] = [
            dist / row["path"]
            for row in rows
            if (row["kind"], row["name"], row["arch"]) == (kind, name, arch)
        ]
        if kind == "deb":
            run("dpkg-deb", "--extract", path, into)
        else:
            run("sh", "-ec", 'rpm2cpio "$0" | cpio --extract --make-directories --quiet', path, cwd=into)
    return into


def gdb(root: Path) -> str:
    """What gdb says of `main`, with no other debug files than those in `root`."""
    debug = f"set debug-file-directory {root}/usr/lib/debug"
    ask = ("gdb", "--batch", "--nx", "-iex", debug, "-ex", "info line main", root / "usr/bin/kestrel")
    done = run(*ask, check=False)
    return done.stdout + done.stderr


# gdb speaks of programs of its own machine; of the other, readelf below.
@pytest.mark.parametrize(("kind", "name"), [("deb", "kestrel-dbg"), ("rpm", "kestrel-debuginfo")])
def test_gdb_finds_the_sources_of_a_program_by_its_build_id(
    dist: Path, tmp_path: Path, kind: str, name: str
) -> None:
    require(DEBUGGER)
    machine = run("uname", "-m").stdout.strip()
    alone = unpacked(dist, machine, kind, "kestrel", into=tmp_path / "alone")
    assert 'Function "main" not defined' in gdb(alone)
    both = unpacked(dist, machine, kind, "kestrel", name, into=tmp_path / "both")
    assert 'of "userspace/kestrel.c" starts at address' in gdb(both)


@pytest.mark.parametrize("arch", MACHINES)
def test_readelf_reads_both_halves_and_says_that_they_belong_together(
    dist: Path, tmp_path: Path, arch: str
) -> None:
    require(DEBUGGER)
    root = unpacked(dist, arch, "deb", "kestrel", "kestrel-dbg", into=tmp_path / "root")
    program = root / "usr/bin/kestrel"
    [debug] = (root / "usr/lib/debug/.build-id").glob("*/*.debug")
    shown = run(
        "readelf", "--wide", "--headers", "--notes", "--dynamic", "--relocs", "--version-info", program
    )
    assert shown.stderr == ""
    assert "warning" not in shown.stdout.lower()
    build_id = debug.parent.name + debug.stem
    assert f"Build ID: {build_id}" in shown.stdout
    assert "debug_info" not in shown.stdout
    assert ".symtab" not in shown.stdout

    halves = run("readelf", "--wide", "--sections", "--notes", "--debug-dump=decodedline", debug)
    assert halves.stderr == ""
    assert f"Build ID: {build_id}" in halves.stdout
    for source in ("kestrel.c", "options.c", "output.c", "source.c"):
        assert f"\n{source} " in halves.stdout
    linked = run("readelf", "--debug-dump=links", program).stdout
    assert debug.name in linked


@pytest.mark.parametrize("arch", MACHINES)
def test_debug_information_names_no_place_of_the_machine_that_compiled_it(
    dist: Path, tmp_path: Path, arch: str
) -> None:
    require(DEBUGGER)
    root = unpacked(dist, arch, "deb", "kestrel-dbg", into=tmp_path / "root")
    [debug] = (root / "usr/lib/debug/.build-id").glob("*/*.debug")
    content = debug.read_bytes()
    assert b"/usr/src/kestrel" in content
    for place in (str(dist.parent), "site-packages", str(Path.home())):
        assert place.encode() not in content, place
