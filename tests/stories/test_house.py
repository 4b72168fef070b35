"""Rules about the repository itself that are easy to break and costly to find."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

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


SOURCE = ROOT / "release" / "jesses"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def test_every_module_lies_in_a_room() -> None:
    assert {path.name for path in SOURCE.glob("*.py")} <= {"__init__.py", "__main__.py"}
    assert [path.name for path in (ROOT / "release").iterdir() if path.name != "__pycache__"] == ["jesses"]


def test_the_documentation_draws_the_rooms_as_the_contract_has_them() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    drawn = re.findall(
        r"^\| `([a-z]+)/` \|", text.partition("## The rooms")[2].partition("\n## ")[0], re.MULTILINE
    )
    layers = [room for layer in CONTRACTS[0]["layers"] for room in layer.split(" | ")]
    assert drawn == layers
    assert sorted(layers) == sorted(path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists())


@pytest.mark.process
@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("base/errors.py", "import jesses.tasks"),
        ("publish/apt/index.py", "import jesses.publish.yum.lists"),
        ("pipeline/steps/sign.py", "import jesses.pipeline.steps.build"),
        ("signing/ecdsa.py", "import jesses.stores.directory"),
    ],
)
def test_who_breaks_a_wall_is_told(tmp_path: Path, module: str, line: str) -> None:
    shutil.copytree(ROOT / "release", tmp_path / "release", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    broken = tmp_path / "release" / "jesses" / module
    lint = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "release")}

    def run() -> int:
        return subprocess.run(
            lint, cwd=tmp_path, env=environment, check=False, capture_output=True
        ).returncode

    assert run() == 0
    broken.write_text(f"{broken.read_text()}\n{line}\n")
    assert run() == 1


def test_every_test_file_names_a_module_or_lies_where_stories_and_engines_are() -> None:
    def names_one(path: Path) -> bool:
        room, name = path.parent.relative_to(ROOT / "tests"), path.stem.removeprefix("test_")
        beside = (SOURCE / room, ROOT / room)
        return any(
            (base / f"{name}.py").exists() or (base / name / "__init__.py").exists() for base in beside
        )

    elsewhere = ("stories", "support", "engines")
    tests = sorted((ROOT / "tests").rglob("test_*.py"))
    strays = [
        str(path.relative_to(ROOT))
        for path in tests
        if path.relative_to(ROOT / "tests").parts[0] not in elsewhere and not names_one(path)
    ]
    assert tests
    assert strays == []


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


PAGES = [
    ROOT / "docs" / "architecture.md",
    ROOT / "docs" / "security.md",
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_path_in_the_documentation_of_the_code_is_there(page: Path) -> None:
    paths = re.findall(r"`((?!\.git/)[a-z_.]+(?:/[a-z_.]+)+/?|[a-z_]+\.py)`", page.read_text())
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text())
    room = SOURCE / (page.stem if page.parent.name == "decisions" else "pipeline")
    tops = (SOURCE, ROOT, *SOURCE.iterdir(), room)
    assert paths or links
    assert [path for path in paths if not any((top / path).exists() for top in tops)] == []
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_room_says_where_its_decisions_are() -> None:
    rooms = [path.parent for path in SOURCE.glob("*/__init__.py")]
    assert rooms
    for room in rooms:
        page = f"docs/decisions/{room.name}.md"
        assert (ROOT / page).exists()
        assert page in (room / "__init__.py").read_text(), (
            f"the docstring of {room.name} does not name {page}"
        )


def test_gitpython_stays_in_the_room_of_history() -> None:
    """It reads git slowly, and lets whoever holds a `Repo` do anything; `history` offers what the rooms need."""
    users = {
        path.relative_to(ROOT / "release/jesses").parts[0]
        for path in (ROOT / "release/jesses").rglob("*.py")
        if re.search(r"^\s*(?:import git\b|from git(?:\.\w+)* import)", path.read_text(), re.MULTILINE)
    }
    assert users == {"history"}
