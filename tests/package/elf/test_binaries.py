from collections.abc import Iterator

import pytest

from jesses.base.errors import PayloadError
from jesses.base.payload import File, Payload
from jesses.package.elf import binaries
from jesses.package.elf.binaries import Binary
from tests.support.paths import ELF


def found(*names: str) -> tuple[Binary, ...]:
    return binaries.binaries(payload(*names))


def payload(*names: str) -> Payload:
    def files() -> Iterator[File]:
        yield File(path="/usr/bin/script", source=b"#!/bin/sh\n")
        yield File(path="/usr/share/text", source=ELF / "program.c")
        yield from (File(path=f"/usr/bin/{name}", source=ELF / name) for name in names)

    return Payload.of(files())


def test_programs_of_the_packages_own_machine_pass() -> None:
    binaries.check(found("dynamic-aarch64"), arch="aarch64", static=False)
    binaries.check(found("static-x86_64", "object.o", "libtell.so.1"), arch="x86_64", static=True)


def test_a_program_for_another_machine_is_named() -> None:
    with pytest.raises(PayloadError) as caught:
        binaries.check(found("dynamic-aarch64", "static-x86_64"), arch="x86_64", static=False)
    assert "/usr/bin/dynamic-aarch64 is an ELF file for aarch64 in a package for x86_64" in str(caught.value)
    assert "static-x86_64" not in str(caught.value)


def test_a_package_for_every_machine_holds_no_program() -> None:
    with pytest.raises(
        PayloadError, match=r"/usr/bin/object\.o is an ELF file for x86_64 in a package for noarch"
    ):
        binaries.check(found("object.o"), arch="noarch", static=False)


def test_a_dynamic_program_in_a_static_package_is_named_with_what_it_needs() -> None:
    with pytest.raises(PayloadError, match=r"/usr/bin/dynamic-x86_64 needs libc\.so\.6, .* -static"):
        binaries.check(found("dynamic-x86_64"), arch="x86_64", static=True)


def test_what_runs_alone_must_bring_its_loader() -> None:
    alone = payload("dynamic-x86_64")
    with pytest.raises(
        PayloadError, match=r"needs /lib64/ld-linux-x86-64\.so\.2, which the image does not hold"
    ):
        binaries.check(binaries.binaries(alone), arch="x86_64", static=False, loaders=alone)
    whole = Payload.of((*alone, File(path="/usr/lib64/ld-linux-x86-64.so.2", source=b"")))
    binaries.check(binaries.binaries(whole), arch="x86_64", static=False, loaders=whole)


def test_rpm_asks_for_libraries_and_versions_of_them() -> None:
    assert list(binaries.rpm_requires(found("dynamic-x86_64", "libtell.so.1"))) == [
        "libc.so.6()(64bit)",
        "libc.so.6(GLIBC_2.2.5)(64bit)",
        "libc.so.6(GLIBC_2.17)(64bit)",
    ]
    assert list(binaries.rpm_provides(found("dynamic-x86_64", "libtell.so.1"))) == [
        "libtell.so.1()(64bit)",
        "libtell.so.1(TELL_1.0)(64bit)",
    ]


def test_a_deb_asks_for_the_newest_glibc_that_a_symbol_needs() -> None:
    assert list(binaries.deb_depends(found("dynamic-x86_64", "static-x86_64"))) == ["libc6 (>= 2.17)"]
    assert list(binaries.deb_depends(found("static-x86_64", "libtell.so.1"))) == []
