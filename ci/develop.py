"""What developers and CI run on jesses itself."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task

from ci import bootstrap

ROOT = Path(__file__).resolve().parent.parent
PYTHON = str(bootstrap.VENV / "bin" / "python")
ENGINES = "tests/engines"
LOCKS = {"release": ["example"], "test": ["example", "test"]}


@task
def lint(c: Context) -> None:
    """Run ruff (lint and format), mypy, and see that rooms keep their walls and nothing is said twice."""
    bootstrap.ensure("test")
    _python("-m", "ruff", "check", ".")
    _python("-m", "ruff", "format", "--check", ".")
    _python("-m", "mypy")
    _run(str(bootstrap.VENV / "bin" / "lint-imports"), "--no-cache")
    _python("ci/repetition.py", "release")


@task(help={"only": "run only these tests (a path or node id; may be repeated)"}, iterable=["only"])
def test(c: Context, only: list[str] | None = None) -> None:
    """Run lint, types and all tests; as root on Debian or Ubuntu with real engines."""
    bootstrap.ensure("test")
    _provision()
    if only:
        _python("-m", "pytest", *only)
    else:
        lint(c)
        _all_tests()


@task
def lock(c: Context) -> None:
    """Write requirements/*.txt anew from pyproject.toml, with hashes."""
    bootstrap.ensure("test")
    for name, groups in LOCKS.items():
        _python(
            *("-m", "uv", "pip", "compile", "--quiet", "pyproject.toml", "--universal", "--generate-hashes"),
            *("--no-annotate", "--python-version", "3.11", "--custom-compile-command", "./inv lock"),
            *(argument for group in groups for argument in ("--group", group)),
            *("--output-file", f"requirements/{name}.txt"),
        )


@task
def workflows(c: Context) -> None:
    """Write .github/workflows anew from ci/workflows."""
    from jesses.tasks.scaffold.workflows import JESSES
    from jesses.tasks.scaffold.workflows import workflows as made
    from jesses.tasks.scaffold.write import write

    write(ROOT, made(ROOT / "ci" / "workflows", JESSES), force=True)


def _provision() -> None:
    """Install the engines where we may; elsewhere their tests say why they are skipped."""
    is_debian = Path("/etc/debian_version").exists()
    if os.geteuid() == 0 and is_debian:
        _run(str(ROOT / "ci" / "provision"))


def _all_tests() -> None:
    """The unit tests beside those with engines, which wait for their engines half of the time."""
    with tempfile.TemporaryFile() as output:
        units = subprocess.Popen(
            [PYTHON, "-m", "pytest", "--ignore", ENGINES], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            engines = subprocess.run([PYTHON, "-m", "pytest", ENGINES], cwd=ROOT, check=False).returncode
            codes = [units.wait(), engines]
        finally:
            units.kill()
            units.wait()
        output.seek(0)
        sys.stdout.write(output.read().decode(errors="replace"))
    if any(codes):
        raise Exit(code=max(codes))


def _python(*argv: str) -> None:
    _run(PYTHON, *argv)


def _run(*argv: str) -> None:
    sys.stdout.flush()
    if code := subprocess.run(argv, cwd=ROOT, check=False).returncode:
        raise Exit(code=code)
