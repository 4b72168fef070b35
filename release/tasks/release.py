"""`invoke release` and what belongs to it."""

from invoke.context import Context
from invoke.tasks import task

from release.tasks.command import JSON_HELP, PROJECT_HELP, command
from release.tasks.opening import open_product


@task(
    default=True,
    help={
        "project": PROJECT_HELP,
        "dist": "the output directory, made afresh",
        "channel": "publish to this channel of release.toml; otherwise a snapshot in the output directory",
        "sign": "sign packages and repositories (with a key made for this run where none is configured)",
        "verbose": "show the command lines of builds",
        "json": JSON_HELP,
    },
)
@command
def run(
    c: Context,
    project: str = "",
    dist: str = "dist",
    channel: str = "",
    sign: bool = True,
    verbose: bool = False,
    json: bool = False,
) -> None:
    """Release the product: build, package, sign, publish."""
    from pathlib import Path

    from release import session
    from release.tasks import render, tables

    product = open_product(project or c.config.project)
    narrator = render.Narrator(verbose=verbose)
    report = session.release(product, Path(dist), channel=channel or None, sign=sign, narrator=narrator)
    tables.data(report.as_data()) if json else render.report(report)
