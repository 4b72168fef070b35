"""`invoke release.cut`, `release.status` and `release.checklist`."""

from invoke.context import Context
from invoke.tasks import task

from jesses.tasks.command import JSON_HELP, PROJECT_HELP, command

REMOTE_HELP = "the git remote that releases are pushed to"
_REQUEST = {
    "component": "release only this component (may be repeated); otherwise those with changes",
    "minor": "the next minor, from the main branch",
    "patch": "the next patch, from its release branch",
    "line": "with --patch: the line to patch, such as 1.1; otherwise the newest",
    "rc": "a release candidate",
    "final": "the final release of the candidate under way",
}


@task(
    iterable=["component", "skip"],
    help={
        "project": PROJECT_HELP,
        **_REQUEST,
        "yes": "do not ask",
        "dry_run": "show the plan, and end",
        "skip": "leave out a check by its name (may be repeated)",
        "remote": REMOTE_HELP,
        "json": JSON_HELP,
    },
)
@command
def cut(  # noqa: PLR0913, PLR0917 -- an option is an argument
    c: Context,
    project: str = "",
    component: list[str] | None = None,
    minor: bool = False,
    patch: bool = False,
    line: str = "",
    rc: bool = False,
    final: bool = False,
    yes: bool = False,
    dry_run: bool = False,
    skip: list[str] | None = None,
    remote: str = "origin",
    json: bool = False,
) -> None:
    """Cut a release: show the plan, ask, then branch, changelog, tags and one atomic push."""
    import os

    from jesses.cut.apply import apply
    from jesses.cut.options import request_of, rerun_of
    from jesses.cut.prepare import prepare
    from jesses.cut.session import open_cut
    from jesses.tasks import render_cut, tables

    request = request_of(component or (), minor=minor, patch=patch, line=line, rc=rc, final=final)
    where = project or c.config.project
    rerun = rerun_of(request, project=where, remote=remote)
    around = open_cut(where, environment=os.environ, remote=remote, rerun=rerun)
    plan = prepare(request, around, skip=skip or ())
    if dry_run or not json:
        tables.data(plan.as_data()) if json else render_cut.plan(plan)
    if dry_run:
        return
    plan.require_ready()
    if not yes:
        render_cut.confirm(plan, rerun)
    outcome = apply(plan, around.clone, around.github, render_cut.announce)
    tables.data({**plan.as_data(), "outcome": vars(outcome)}) if json else render_cut.outcome(plan, outcome)


@task(help={"project": PROJECT_HELP, "remote": REMOTE_HELP, "json": JSON_HELP})
@command
def status(c: Context, project: str = "", remote: str = "origin", json: bool = False) -> None:
    """Tell where releases stand: tags, branches, and every file in every channel."""
    import os

    from jesses.cut.session import open_cut
    from jesses.cut.status import status as status_of
    from jesses.tasks import render_cut, tables

    around = open_cut(project or c.config.project, environment=os.environ, remote=remote, rerun="")
    value = status_of(around)
    tables.data(value.as_data()) if json else render_cut.status(value)


@task(iterable=["component"], help={"project": PROJECT_HELP, **_REQUEST, "remote": REMOTE_HELP})
@command
def checklist(  # noqa: PLR0913, PLR0917 -- an option is an argument
    c: Context,
    project: str = "",
    component: list[str] | None = None,
    minor: bool = False,
    patch: bool = False,
    line: str = "",
    rc: bool = False,
    final: bool = False,
    remote: str = "origin",
) -> None:
    """Write the body of the release's issue, as Markdown on stdout."""
    import os
    import sys

    from jesses.cut.checklist import checklist as checklist_of
    from jesses.cut.options import request_of
    from jesses.cut.prepare import prepare
    from jesses.cut.session import open_cut

    request = request_of(component or (), minor=minor, patch=patch, line=line, rc=rc, final=final)
    around = open_cut(project or c.config.project, environment=os.environ, remote=remote, rerun="")
    sys.stdout.write(checklist_of(prepare(request, around)))
