"""What developers and CI run on jesses itself."""

import os
import subprocess
import sys
from pathlib import Path

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task

from ci import bootstrap

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {"release": ["example"], "test": ["example", "test"]}


@task
def lint(c: Context) -> None:
    """Run ruff (lint and format) and mypy."""
    bootstrap.ensure("test")
    _python("-m", "ruff", "check", ".")
    _python("-m", "ruff", "format", "--check", ".")
    _python("-m", "mypy")


@task(help={"only": "run only these tests (a path or node id; may be repeated)"}, iterable=["only"])
def test(c: Context, only: list[str] | None = None) -> None:
    """Run lint, types and all tests; as root on Debian or Ubuntu with real engines."""
    bootstrap.ensure("test")
    _provision()
    if not only:
        lint(c)
    _python("-m", "pytest", *(only or []))


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
    from release.init.workflows import JESSES
    from release.init.workflows import workflows as made
    from release.init.write import write

    write(ROOT, made(ROOT / "ci" / "workflows", JESSES), force=True)


def _provision() -> None:
    """Install the engines where we may; elsewhere their tests say why they are skipped."""
    is_debian = Path("/etc/debian_version").exists()
    if os.geteuid() == 0 and is_debian:
        _run(str(ROOT / "ci" / "provision"))


def _python(*argv: str) -> None:
    _run(str(bootstrap.VENV / "bin" / "python"), *argv)


def _run(*argv: str) -> None:
    sys.stdout.flush()
    if code := subprocess.run(argv, cwd=ROOT, check=False).returncode:
        raise Exit(code=code)
