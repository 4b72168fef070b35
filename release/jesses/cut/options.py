"""What a maintainer asks for: from the options of a command line, and back to the command that goes on with it."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jesses.base.errors import CutError

Level = Literal["minor", "patch"]
Stage = Literal["rc", "final"]


@dataclass(frozen=True, kw_only=True)
class CutOptions:
    """What to cut. No `components`: those with changes; no `level`, no `stage`: what is next.

    `line` is the "M.m" that a patch is for; the newest where it is empty.
    """

    components: tuple[str, ...] = ()
    level: Level | None = None
    stage: Stage | None = None
    line: str = ""


def options_of(
    components: Sequence[str], *, minor: bool, patch: bool, line: str, rc: bool, final: bool
) -> CutOptions:
    """The value that a command line's options make; a `line` alone asks for a patch of it.

    Raises:
        CutError: two of them exclude each other.

    """
    for one, other in (("minor", "patch"), ("rc", "final")):
        given = {"minor": minor, "patch": patch, "rc": rc, "final": final}
        if given[one] and given[other]:
            raise CutError(f"--{one} and --{other} exclude each other", fix="give one of them")
    return CutOptions(
        components=tuple(components),
        level="minor" if minor else "patch" if patch or line else None,
        stage="rc" if rc else "final" if final else None,
        line=line,
    )


def rerun_command(options: CutOptions, *, project: str, remote: str) -> str:
    """The command line that asks for `options` again; `project` is the product's directory."""
    argv = ["invoke", "release.cut"]
    argv += [] if project == "." else ["--project", project]
    argv += [argument for name in options.components for argument in ("--component", name)]
    argv += [f"--{option}" for option in (options.level, options.stage) if option]
    argv += ["--line", options.line] if options.line else []
    argv += [] if remote == "origin" else ["--remote", remote]
    return shlex.join(argv)
