"""Other tools that compute a version from git, in an environment of their own."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

VERSIONS: Final = ("setuptools-scm==10.3.4", "dunamai==1.26.5", "python-semantic-release==10.7.0")


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A command that prints a version, and one that only starts the same program; `rounds` where it is slow."""

    argv: tuple[str, ...]
    start: tuple[str, ...]
    rounds: int | None = None


def install(environment: Path) -> Mapping[str, Peer]:
    """The tools, by name; installed on first use."""
    program = environment / "bin"
    marker = environment / "installed"
    wanted = "\n".join(VERSIONS)
    if not marker.exists() or marker.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(environment)], check=True)
        subprocess.run([str(program / "pip"), "install", "--quiet", "setuptools", *VERSIONS], check=True)
        marker.write_text(wanted)
    python, dunamai, semantic_release = (
        str(program / name) for name in ("python", "dunamai", "semantic-release")
    )
    return {
        "setuptools-scm": Peer(
            argv=(python, "-m", "setuptools_scm"), start=(python, "-c", "import setuptools_scm")
        ),
        "dunamai": Peer(
            argv=(dunamai, "from", "git", "--pattern", "default-unprefixed"), start=(dunamai, "--help")
        ),
        "python-semantic-release": Peer(
            argv=(semantic_release, "--noop", "version", "--print"),
            start=(semantic_release, "--version"),
            rounds=1,
        ),
    }
