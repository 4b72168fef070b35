"""From the options of a command line to a request, and back to the line that goes on with it."""

import shlex
from collections.abc import Sequence

from jesses.base.errors import CutError
from jesses.cut.next_version import Request


def request_of(
    components: Sequence[str], *, minor: bool, patch: bool, line: str, rc: bool, final: bool
) -> Request:
    """The request that options make.

    Raises:
        CutError: two of them exclude each other.

    """
    for one, other in (("minor", "patch"), ("rc", "final")):
        given = {"minor": minor, "patch": patch, "rc": rc, "final": final}
        if given[one] and given[other]:
            raise CutError(f"--{one} and --{other} exclude each other", fix="give one of them")
    return Request(
        components=tuple(components),
        level="minor" if minor else "patch" if patch or line else None,
        stage="rc" if rc else "final" if final else None,
        line=line,
    )


def rerun_of(request: Request, *, project: str, remote: str) -> str:
    """The command line that asks for `request` again."""
    argv = ["invoke", "release.cut"]
    argv += [] if project == "." else ["--project", project]
    argv += [argument for name in request.components for argument in ("--component", name)]
    argv += [f"--{option}" for option in (request.level, request.stage) if option]
    argv += ["--line", request.line] if request.line else []
    argv += [] if remote == "origin" else ["--remote", remote]
    return shlex.join(argv)
