import os
import sys
from pathlib import Path

import pytest

from jesses.base.naming.arch import MACHINES, Arch
from tests.engines.engines import KERNEL_COMPILERS, Engine, require, run
from tests.engines.kernel_headers import KernelHeaders, kernel_headers, make_arguments, releases
from tests.support.paths import KESTREL

VERSION = "0.1.0-3+abc1234-driver"
MODINFO = Engine(name="modinfo", commands=("modinfo",))


def staged_driver(stage: Path) -> Path:
    stage.mkdir()
    jesses = {"JESSES_VERSION": VERSION, "JESSES_ARCH": "noarch", "JESSES_STAGE": str(stage)}
    run(sys.executable, "driver/stage.py", cwd=KESTREL, env={**os.environ, **jesses})
    return stage / "driver"


def compile_driver(driver: Path, headers: KernelHeaders) -> str:
    made = run("make", "-C", driver, *make_arguments(headers), "KCFLAGS=-Werror", "modules")
    return made.stdout + made.stderr


def modinfo(module: Path, field: str) -> str:
    return run("modinfo", "-F", field, module).stdout.strip()


@pytest.mark.parametrize("arch", MACHINES)
@pytest.mark.parametrize("series", ["6.1", "6.12"])
def test_the_driver_compiles_without_warnings(series: str, arch: Arch, tmp_path: Path) -> None:
    require(KERNEL_COMPILERS)
    require(MODINFO)
    headers = kernel_headers(series, arch)
    assert headers.release.startswith(f"{series}.")
    driver = staged_driver(tmp_path / "stage")
    printed = compile_driver(driver, headers)
    assert "warning" not in printed.lower()

    module = driver / "kestrel.ko"
    magic = modinfo(module, "vermagic").split()
    assert magic[0] == headers.release
    assert ("aarch64" in magic) == (arch == "aarch64")
    assert modinfo(module, "version") == VERSION


def test_the_newest_release_is_one_that_both_architectures_have() -> None:
    both = [f"linux-headers-{abi}-{arch}" for abi in ("6.1.0-9", "6.1.0-56") for arch in ("amd64", "arm64")]
    others = [
        "linux-headers-6.1.0-57-amd64",
        "linux-headers-6.1.0-58-cloud-amd64",
        "linux-headers-6.1.0-58-common",
    ]
    others += ["linux-headers-6.12.117+deb12-amd64", "linux-headers-6.12.117+deb12-arm64"]
    assert releases([*others, *both], "6.1") == ["6.1.0-56", "6.1.0-9"]
    assert releases([*others, *both], "6.12") == ["6.12.117+deb12"]
