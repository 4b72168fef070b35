"""`invoke release.cut`, `release.status` and `release.checklist`."""

from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.tasks import task

from jesses.tasks.command import command
from jesses.tasks.options import JSON_HELP, PROJECT_HELP, CutArguments, help_of, spread

if TYPE_CHECKING:
    from jesses.cut.options import CutOptions

REMOTE_HELP = "the git remote that releases are pushed to"
_CUT_HELP = help_of(CutArguments)


@task(
    iterable=["component", "skip"],
    help={
        "project": PROJECT_HELP,
        **_CUT_HELP,
        "yes": "do not ask",
        "dry_run": "show the plan, and end",
        "skip": "leave out a check by its name (may be repeated)",
        "remote": REMOTE_HELP,
        "json": JSON_HELP,
    },
)
@command
@spread(CutArguments)
def cut(  # noqa: PLR0913 -- an option is an argument
    c: Context,
    project: str = "",
    *,
    options: CutArguments,
    yes: bool = False,
    dry_run: bool = False,
    skip: list[str] | None = None,
    remote: str = "origin",
    json: bool = False,
) -> None:
    """Cut a release: show the plan, ask, then branch, changelog, tags and one atomic push."""
    import os

    from jesses.cut.apply import apply
    from jesses.cut.options import rerun_command
    from jesses.cut.prepare import prepare
    from jesses.cut.session import open_cut
    from jesses.tasks import render_cut, tables

    wanted = _wanted(options)
    where = project or c.config.project
    rerun = rerun_command(wanted, project=where, remote=remote)
    context = open_cut(where, environment=os.environ, remote=remote, rerun=rerun)
    plan = prepare(wanted, context, skip=skip or ())
    if dry_run or not json:
        tables.data(plan.as_data()) if json else render_cut.plan(plan)
    if dry_run:
        return
    plan.require_ready()
    if not yes:
        render_cut.confirm(plan, rerun)
    outcome = apply(plan, context.clone, context.github, render_cut.announce)
    tables.data({**plan.as_data(), "outcome": vars(outcome)}) if json else render_cut.outcome(plan, outcome)


@task(help={"project": PROJECT_HELP, "remote": REMOTE_HELP, "json": JSON_HELP})
@command
def status(c: Context, project: str = "", remote: str = "origin", json: bool = False) -> None:
    """Tell where releases stand: tags, branches, and every file in every channel."""
    import os

    from jesses.cut.session import open_cut
    from jesses.cut.status import status as status_of
    from jesses.tasks import render_cut, tables

    context = open_cut(project or c.config.project, environment=os.environ, remote=remote, rerun="")
    value = status_of(context)
    tables.data(value.as_data()) if json else render_cut.status(value)


@task(iterable=["component"], help={"project": PROJECT_HELP, **_CUT_HELP, "remote": REMOTE_HELP})
@command
@spread(CutArguments)
def checklist(
    c: Context,
    project: str = "",
    *,
    options: CutArguments,
    remote: str = "origin",
) -> None:
    """Write the body of the release's issue, as Markdown on stdout."""
    import os
    import sys

    from jesses.cut.checklist import checklist as checklist_of
    from jesses.cut.prepare import prepare
    from jesses.cut.session import open_cut

    context = open_cut(project or c.config.project, environment=os.environ, remote=remote, rerun="")
    sys.stdout.write(checklist_of(prepare(_wanted(options), context)))


def _wanted(options: CutArguments) -> "CutOptions":
    from jesses.cut.options import options_of

    return options_of(
        options.component or (),
        minor=options.minor,
        patch=options.patch,
        line=options.line,
        rc=options.rc,
        final=options.final,
    )
