"""Command lines as people write them, run in this process."""

from invoke.program import Program

from jesses.tasks import make_namespace

BUILD = 'mkdir "$JESSES_STAGE/bin" && cd "$JESSES_STAGE/bin" && echo "$JESSES_ARCH" > hawk && chmod +x hawk'


def jesses(*argv: str) -> int:
    """The exit code of a command line."""
    program = Program(namespace=make_namespace(), name="jesses", binary="jesses")
    try:
        program.run(["jesses", *argv])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def succeeds(*argv: str) -> None:
    assert jesses(*argv) == 0
