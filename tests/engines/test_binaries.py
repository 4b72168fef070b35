"""What programs need, as read here, beside what rpm's own generator and dpkg-shlibdeps find in the same files."""

import re
from itertools import islice
from pathlib import Path

import pytest

from jesses.base.payload import File, Payload
from jesses.package import elf
from jesses.package.elf import binaries
from tests.engines.engines import ELFDEPS, SHLIBDEPS, require, run
from tests.support.paths import ELF

ELFDEPS_COMMAND = "/usr/lib/rpm/elfdeps"


def system_programs() -> list[Path]:
    """Some programs and libraries of this machine."""
    found = (path for place in ("/usr/bin", "/usr/lib") for path in sorted(Path(place).rglob("*")))
    regular = (
        path for path in found if path.is_file() and not path.is_symlink() and path.stat().st_mode & 0o100
    )
    return list(islice((path for path in regular if (read := elf.read(path)) and read.linked), 150))


def test_rpms_own_generator_finds_the_same(tmp_path: Path) -> None:
    require(ELFDEPS)
    programs = [*system_programs(), *(ELF / name for name in ("dynamic-aarch64", "libtell.so.1"))]
    assert len(programs) > 100
    for program in programs:
        read = binaries.binaries(Payload.of([File(path="/x", source=program, mode=0o755)]))
        requires = run(ELFDEPS_COMMAND, "--requires", program).stdout.split()
        provides = run(ELFDEPS_COMMAND, "--provides", program).stdout.split()
        assert set(binaries.rpm_requires(read)) == set(requires), program
        assert set(binaries.rpm_provides(read)) == set(provides), program


@pytest.mark.parametrize("name", ["dynamic-x86_64", "static-x86_64"])
def test_dpkg_shlibdeps_finds_the_same_c_library(name: str, tmp_path: Path) -> None:
    require(SHLIBDEPS)
    (tmp_path / "debian").mkdir()
    (tmp_path / "debian" / "control").write_text("Source: x\n\nPackage: x\nArchitecture: any\n")
    shown = run("dpkg-shlibdeps", "-O", ELF / name, cwd=tmp_path).stdout
    read = binaries.binaries(Payload.of([File(path="/x", source=ELF / name, mode=0o755)]))
    assert re.findall(r"libc6 \([^)]*\)", shown) == list(binaries.deb_depends(read))
