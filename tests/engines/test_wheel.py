"""The wheel of jesses, alone in an empty virtual environment, releases a product in its own repository."""

import json
import os
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.engines.engines import run
from tests.engines.product import KESTREL, checkout_of_jesses, copy_of
from tests.support.hawk import PRODUCT
from tests.support.paths import ROOT
from tests.support.repository import Repository


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    checkout_of_jesses(directory / "jesses")
    run(
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        directory,
        directory / "jesses",
    )
    return next(directory.glob("jesses-*.whl"))


def test_the_data_of_packaging_lies_inside_the_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"jesses"}
    data = {path.relative_to(ROOT).as_posix() for path in (ROOT / "packaging").rglob("*") if path.is_file()}
    assert data
    assert {f"jesses/{name}" for name in data} <= set(names)
    templates = {f"jesses/workflows/{path.name}" for path in (ROOT / "ci" / "workflows").iterdir()}
    assert templates <= set(names)


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the commands of an environment that holds the wheel and what it needs."""
    directory = tmp_path_factory.mktemp("environment")
    environment = directory / "venv"
    venv.create(environment, with_pip=False, symlinks=True)
    pip = {**os.environ, "PYTHONPATH": str(next((ROOT / "ci" / "wheels").glob("pip-*.whl")))}
    install = (environment / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps")
    locked = ROOT / "requirements" / "release.txt"
    run(*install, "--require-hashes", "-r", locked, env=pip, cwd=directory)
    run(*install, wheel, env=pip, cwd=directory)
    return environment / "bin"


def test_what_it_writes_into_a_product_is_pinned_to_what_it_was_built_from(
    wheel: Path, programs: Path, tmp_path: Path
) -> None:
    product = Repository(tmp_path / "hawk")
    product.commit({"README.md": "Sees.\n"})
    commit = run("git", "rev-parse", "HEAD", cwd=wheel.parent / "jesses").stdout.strip()
    run(programs / "jesses", "init", cwd=product.root)
    assert (product.root / "requirements.txt").read_text() == f"jesses @ git+{ROOT.as_uri()}@{commit}\n"


def test_it_releases_a_copy_of_kestrel(programs: Path, tmp_path: Path) -> None:
    product = copy_of(KESTREL, tmp_path / "kestrel")
    run(programs / "jesses", "release", cwd=product.repository.root)
    rows = json.loads((product.repository.root / "dist" / "artifacts.json").read_text())["artifacts"]
    assert len(rows) == 35
    assert product.repository.git("status", "--porcelain", "--", ":!dist") == ""


OWN = "raise SystemExit('the product means something else by this name')\n"
TASKS = "from jesses.tasks import make_namespace\n\nnamespace = make_namespace()\n"


@pytest.mark.parametrize("tasks", ["tasks.py", "tasks/__init__.py"])
@pytest.mark.parametrize("program", ["jesses", "invoke"])
def test_a_product_may_use_the_names_of_our_directories_for_its_own(
    programs: Path, tmp_path: Path, program: str, tasks: str
) -> None:
    build = "mkdir $JESSES_STAGE/bin; echo a > $JESSES_STAGE/bin/hawk; chmod +x $JESSES_STAGE/bin/hawk"
    product = Repository(tmp_path / "hawk")
    own = ("release.py", "release/__init__.py", "ci.py", "ci/develop.py", "packaging/build.py", "plan.py")
    product.commit(
        {
            **dict.fromkeys((*own, "tasks/release.py", "tasks/cut.py", "base/errors.py"), OWN),
            tasks: TASKS,
            "release.toml": PRODUCT.replace('["make-it"]', json.dumps(["sh", "-c", build])),
            "copyright": "MIT\n",
        }
    )
    run(programs / program, "release", cwd=product.root)
    assert json.loads((product.root / "dist" / "artifacts.json").read_text())["artifacts"]
    assert "release.cut" in run(programs / program, "--list", cwd=product.root).stdout
