"""The wheel of jesses, alone in an empty virtual environment, releases a product in its own repository."""

import json
import os
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.engines.engines import run
from tests.engines.product import KESTREL, copy_of
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", directory, ROOT)
    return next(directory.glob("jesses-*.whl"))


def test_the_data_of_packaging_lies_inside_the_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"jesses"}
    data = {path.relative_to(ROOT).as_posix() for path in (ROOT / "packaging").rglob("*") if path.is_file()}
    assert data
    assert {f"jesses/{name}" for name in data} <= set(names)
    templates = {f"jesses/workflows/{path.name}" for path in (ROOT / "ci" / "workflows").iterdir()}
    assert templates <= set(names)


def test_it_releases_a_copy_of_kestrel(wheel: Path, tmp_path: Path) -> None:
    product = copy_of(KESTREL, tmp_path / "kestrel")
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False, symlinks=True)
    pip = {**os.environ, "PYTHONPATH": str(next((ROOT / "ci" / "wheels").glob("pip-*.whl")))}
    python = environment / "bin" / "python"
    install = (python, "-m", "pip", "install", "--quiet", "--no-deps")
    run(*install, "--require-hashes", "-r", ROOT / "requirements" / "release.txt", env=pip, cwd=tmp_path)
    run(*install, wheel, env=pip, cwd=tmp_path)
    run(environment / "bin" / "jesses", "release", cwd=product.repository.root)
    rows = json.loads((product.repository.root / "dist" / "artifacts.json").read_text())["artifacts"]
    assert len(rows) == 35
    assert product.repository.git("status", "--porcelain", "--", ":!dist") == ""
