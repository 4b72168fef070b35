"""`invoke doctor`."""

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task

from jesses.tasks.command import command
from jesses.tasks.options import JSON_HELP


@task(help={"json": JSON_HELP})
@command
def doctor(c: Context, json: bool = False) -> None:
    """Say what this machine has, what it lacks, and what that would disable."""
    import os
    from pathlib import Path

    from jesses.pipeline.doctor import examine
    from jesses.pipeline.engine import version
    from jesses.tasks import render, tables

    checks = list(examine(Path.cwd(), os.environ, ping_engine=version))
    tables.data([vars(check) for check in checks]) if json else render.checks(checks)
    if any(check.required and not check.present for check in checks):
        raise Exit("something that every release needs is missing", 1)
