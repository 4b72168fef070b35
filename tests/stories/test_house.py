"""Rules about the repository itself that are easy to break and costly to find."""

import re
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement

from tests.support.paths import ROOT


def test_packaging_is_data_and_never_a_python_package() -> None:
    """As a package it would shadow PyPI's `packaging`, and pytest, Invoke and build would crash."""
    assert (ROOT / "packaging").is_dir()
    assert not list((ROOT / "packaging").rglob("*.py"))


def test_modules_stay_small() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "release").rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 400
    }
    assert long == {}


def locked(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", text, re.MULTILINE))


def test_the_locks_hold_what_pyproject_asks_for_with_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    wanted = {
        "release": [*project["project"]["dependencies"], *groups["example"]],
        "test": [*project["project"]["dependencies"], *groups["example"], *groups["test"]],
    }
    for name, requirements in wanted.items():
        versions = locked(name)
        for requirement in map(Requirement, requirements):
            assert versions[requirement.name] in requirement.specifier, (
                f"{requirement} in {name}: run ./inv lock"
            )
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        assert text.count("==") <= text.count("--hash=sha256:")


def test_both_locks_agree() -> None:
    test = locked("test")
    assert {name: test[name] for name in locked("release")} == locked("release")


def test_kestrel_pins_the_compiler_that_is_locked() -> None:
    assert (ROOT / "examples/kestrel/requirements.txt").read_text().split()[
        -1
    ] == f"ziglang=={locked('test')['ziglang']}"


@pytest.mark.process
def test_a_plan_imports_nothing_that_only_a_release_needs() -> None:
    """`./inv plan` is mostly imports: what packs, signs, uploads or draws bars stays out of it."""
    code = "import sys, jesses.plan.product, jesses.tasks.tables; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert "jesses.plan.plan" in loaded
    assert not loaded & {
        "boto3",
        "deflate",
        "docker",
        "git",
        "pysequoia",
        "requests",
        "rich",
        "zlib_ng",
        "zstandard",
    }
