"""`invoke release` and what belongs to it."""

from invoke.context import Context
from invoke.tasks import task

from jesses.tasks.command import JSON_HELP, PROJECT_HELP, command
from jesses.tasks.opening import open_product


@task(
    default=True,
    help={
        "project": PROJECT_HELP,
        "dist": "the output directory, made afresh",
        "channel": "publish to this channel of release.toml, `auto`: by HEAD's tags; otherwise make a snapshot",
        "plan": "do exactly what this file says (`invoke plan --remote --json`), or nothing",
        "sign": "sign packages and repositories (with a key made for this run where none is configured)",
        "dry-run": "build and package, print every object that would change, and change nothing",
        "take-over": "do not wait for another run that publishes this release",
        "verbose": "show the command lines of builds",
        "json": JSON_HELP,
    },
)
@command
def run(  # noqa: PLR0913, PLR0917 - Invoke makes an option of each
    c: Context,
    project: str = "",
    dist: str = "dist",
    channel: str = "",
    plan: str = "",
    sign: bool = True,
    dry_run: bool = False,
    take_over: bool = False,
    verbose: bool = False,
    json: bool = False,
) -> None:
    """Release the product: build, package, sign, publish."""
    from contextlib import closing
    from pathlib import Path

    from jesses.channel import survey
    from jesses.pipeline import session
    from jesses.pipeline.options import Options
    from jesses.tasks import render, tables

    product = open_product(project or c.config.project)
    agreed = survey.read(Path(plan)) if plan else None
    options = Options(
        channel=session.channel_asked_for(product, channel, agreed),
        sign=sign,
        dry_run=dry_run,
        take_over=take_over,
        agreed=agreed,
    )
    with closing(render.TerminalNarrator(verbose=verbose)) as narrator:
        report = session.release(product, Path(dist), options, narrator)
    tables.data(report.as_data()) if json else render.report(report)
