"""A package from configuration and a staged tree, for each format."""

import shutil
from pathlib import Path

import pytest
from semver import Version

from jesses.base.errors import PayloadError
from jesses.base.naming.arch import Arch
from jesses.base.naming.spelling import deb, rpm
from jesses.base.package import Package, Trigger
from jesses.base.payload import Ghost
from jesses.config import load
from jesses.config.models import FormatName
from jesses.history.git_history import Commit
from jesses.package.reader import PayloadReader
from jesses.package.recipe import package_of
from jesses.plan.plan import PlannedPackage
from jesses.plan.versions import ComponentVersion
from tests.support.hawk import PROJECT
from tests.support.paths import ELF

PRODUCT = (
    PROJECT
    + """
[components.userspace]
[builds.agent]
component = "userspace"
command = ["make-it"]
[packages.hawk]
component = "userspace"
build = "agent"
description = "A hawk."
depends = ["hawk-data >= {version}"]
breaks = ["eagle < 2.0.0"]
# more
triggers = [{ path = "/usr/lib/hawk/plugins", script = "rescan" }]
contents = [
    { path = "/usr/bin/hawk", staged = "bin/hawk" },
    { path = "/usr/share/doc/hawk/copyright", source = "copyright" },
    { path = "/var/lib/hawk/state", ghost = true },
]
[packages.hawk.deb]
summary = "Sees Debian"
depends = ["hawk-common (= {version})"]
triggers = ["activate-noawait ldconfig"]
[packages.hawk.rpm]
description = "A hawk of RPM."
"""
)
VERSION = ComponentVersion(
    component="userspace",
    version=Version.parse("1.2.3-rc.1"),
    commit=Commit(sha="a" * 40, date=1_700_000_000),
    tag=None,
    dirty=False,
    reasons=(),
)


class Bench:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "staged" / "bin").mkdir(parents=True)
        self.stage("dynamic-x86_64")
        (directory / "copyright").write_text("MIT\n")
        (directory / "rescan").write_text("#!/bin/sh\nhawk --rescan\n")
        self.configure()

    def stage(self, program: str) -> None:
        shutil.copy(ELF / program, self.directory / "staged" / "bin" / "hawk")

    def configure(self, more: str = "") -> None:
        (self.directory / "release.toml").write_text(PRODUCT.replace("# more", more))

    def package(
        self,
        kind: FormatName,
        *,
        arch: Arch = "x86_64",
        debug: bool = False,
        reader: PayloadReader | None = None,
    ) -> Package:
        planned = PlannedPackage(
            file_name="f",
            kind=kind,
            name="hawk",
            component="userspace",
            build="agent",
            arch=arch,
            debug=debug,
        )
        return package_of(
            planned,
            config=load(self.directory),
            version=VERSION,
            sources=self.directory,
            staged=self.directory / "staged",
            scratch=self.directory / "scratch",
            reader=reader or PayloadReader(),
        )


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_deb_has_its_own_words_and_what_its_programs_need(bench: Bench) -> None:
    package = bench.package("deb")
    version = deb(VERSION.version)
    assert (package.summary, package.description) == ("Sees Debian", "A hawk.")
    assert package.relations.depends == (
        *(f"hawk-data (>= {version})", f"hawk-common (= {version})"),
        "libc6 (>= 2.17)",
    )
    assert package.relations.breaks == ("eagle (<< 2.0.0)",)
    assert package.trigger_lines == ("interest-noawait /usr/lib/hawk/plugins", "activate-noawait ldconfig")
    assert package.triggers == ()
    assert "hawk --rescan" in package.scripts["postinst"]
    assert "rm -f /var/lib/hawk/state" in package.scripts["postrm"]


def test_an_rpm_has_its_own_words_too(bench: Bench) -> None:
    package = bench.package("rpm")
    assert (package.summary, package.description) == ("Sees", "A hawk of RPM.")
    assert package.relations.depends == (
        *(f"hawk-data >= {rpm(VERSION.version)}", "libc.so.6()(64bit)"),
        *("libc.so.6(GLIBC_2.2.5)(64bit)", "libc.so.6(GLIBC_2.17)(64bit)"),
    )
    assert package.triggers == (Trigger(path="/usr/lib/hawk/plugins", script="hawk --rescan\n"),)
    assert (package.trigger_lines, package.scripts) == ((), {})
    assert [entry.path for entry in package.payload if isinstance(entry, Ghost)] == ["/var/lib/hawk/state"]
    assert "/var/lib/hawk" in {entry.path for entry in package.payload}


def test_a_tarball_has_neither_scripts_nor_relations(bench: Bench) -> None:
    package = bench.package("tarball")
    assert package.scripts == {}
    assert package.relations.depends == ()


def test_formats_share_what_was_read(bench: Bench) -> None:
    path = bench.directory / "release.toml"
    path.write_text(path.read_text().replace("ghost = true", 'ghost = true, formats = ["rpm"]'))
    kinds: tuple[FormatName, ...] = ("deb", "rpm", "tarball")
    alone = [bench.package(kind) for kind in kinds]
    reader = PayloadReader()
    assert [bench.package(kind, reader=reader) for kind in kinds] == alone
    shutil.rmtree(bench.directory / "staged")
    assert [bench.package(kind, reader=reader) for kind in kinds] == alone
    assert [len(package.payload.ghosts) for package in alone] == [0, 1, 0]


def test_a_product_may_name_the_libraries_itself(bench: Bench) -> None:
    bench.configure("libraries = false")
    assert all("libc" not in text for text in bench.package("rpm").relations.depends)


def test_a_program_of_the_wrong_machine_never_gets_into_a_package(bench: Bench) -> None:
    with pytest.raises(
        PayloadError, match="/usr/bin/hawk is an ELF file for x86_64 in a package for aarch64"
    ):
        bench.package("deb", arch="aarch64")


def test_a_dynamic_program_never_gets_into_a_static_package(bench: Bench) -> None:
    bench.configure("static = true")
    with pytest.raises(PayloadError, match="the package is static"):
        bench.package("tarball")
    bench.stage("static-x86_64")
    assert bench.package("tarball").name == "hawk"


def test_debug_information_goes_into_a_package_of_the_same_version(bench: Bench) -> None:
    bench.configure("debug = true")
    for kind in ("tarball", "deb", "rpm"):
        [program] = [file for file in bench.package(kind).payload.files if file.path == "/usr/bin/hawk"]
        assert isinstance(program.source, Path)
        assert program.source.parent == bench.directory / "scratch"
    package = bench.package("deb", debug=True)
    assert (package.name, package.section) == ("hawk-dbg", "debug")
    assert package.relations.depends == (f"hawk (= {deb(VERSION.version)})",)
    files = [file.path for file in package.payload.files]
    assert files[0].startswith("/usr/lib/debug/.build-id/")
    assert files[1:] == ["/usr/share/doc/hawk-dbg/copyright"]
    package = bench.package("rpm", debug=True)
    assert (package.name, package.scripts, package.triggers) == ("hawk-debuginfo", {}, ())
    assert package.relations.depends == ()
    assert len(package.payload.files) == 1


def test_a_script_is_not_read_through_a_link_that_leads_out(bench: Bench) -> None:
    (bench.directory / "rescan").unlink()
    (bench.directory.parent / "elsewhere").write_text("#!/bin/sh\nsecret\n")
    (bench.directory / "rescan").symlink_to(bench.directory.parent / "elsewhere")
    with pytest.raises(PayloadError, match="through the link rescan -> "):
        bench.package("deb")


def test_a_script_for_another_shell_is_an_error(bench: Bench) -> None:
    (bench.directory / "rescan").write_text("#!/usr/bin/fish\n")
    with pytest.raises(PayloadError, match="rescan asks for /usr/bin/fish"):
        bench.package("rpm")
