"""`invoke build` and `invoke publish`: a release in two parts, for CI with a machine for each architecture."""

from invoke.context import Context
from invoke.tasks import task

from jesses.tasks.command import JSON_HELP, PROJECT_HELP, command
from jesses.tasks.opening import open_product


@task(
    iterable=["arch"],
    help={
        "arch": "an architecture to build for: x86_64, aarch64 or noarch (may be repeated)",
        "project": PROJECT_HELP,
        "dist": "the directory that `invoke publish --from` takes, made afresh",
        "try": "install the packages in the containers that `trials` of release.toml names",
        "verbose": "show the command lines of builds",
        "json": JSON_HELP,
    },
)
@command
def build(
    c: Context,
    arch: list[str] | None = None,
    project: str = "",
    dist: str = "built",
    try_: bool = True,
    verbose: bool = False,
    json: bool = False,
) -> None:
    """Build and package for some architectures; signs and publishes nothing, and needs no secret."""
    from contextlib import closing
    from pathlib import Path

    from jesses.base.naming.arch import parse_arch
    from jesses.pipeline import order
    from jesses.pipeline.options import Options
    from jesses.pipeline.session import release
    from jesses.tasks import render, tables

    architectures = [parse_arch(name) for name in arch or ()]
    product = open_product(project or c.config.project)
    with closing(render.TerminalNarrator(verbose=verbose)) as narrator:
        report = release(
            product,
            Path(dist),
            Options(sign=False),
            narrator,
            part=lambda context: order.build_part(
                context, architectures, announce=narrator.step, trials=try_
            ),
        )
    tables.data(report.as_data()) if json else render.report(report)


@task(
    iterable=["from_"],
    help={
        "from": "a directory that `invoke build` has made (may be repeated)",
        "project": PROJECT_HELP,
        "dist": "the output directory, made afresh",
        "channel": "publish to this channel of release.toml, `auto`: by HEAD's tags; otherwise make a snapshot",
        "plan": "do exactly what this file says (`invoke plan --remote --json`), or nothing",
        "sign": "sign packages and repositories (with a key made for this run where none is configured)",
        "dry_run": "join and try the packages, print every object that would change, and change nothing",
        "summary": "add a Markdown table of the artifacts to this file (GITHUB_STEP_SUMMARY in GitHub Actions)",
        "try": "install the packages in the containers that `trials` of release.toml names",
        "verbose": "show the command lines of builds",
        "json": JSON_HELP,
    },
)
@command
def publish(  # noqa: PLR0913, PLR0917 -- an option is an argument
    c: Context,
    from_: list[str] | None = None,
    project: str = "",
    dist: str = "dist",
    channel: str = "",
    plan: str = "",
    sign: bool = True,
    dry_run: bool = False,
    summary: str = "",
    try_: bool = True,
    verbose: bool = False,
    json: bool = False,
) -> None:
    """Join what `invoke build` has made, make what it has not, sign and publish."""
    from contextlib import closing
    from pathlib import Path

    from jesses.channel import survey
    from jesses.pipeline import order
    from jesses.pipeline.options import Options
    from jesses.pipeline.session import channel_asked_for, release
    from jesses.tasks import render, tables
    from jesses.tasks.summary import append_summary

    product = open_product(project or c.config.project)
    agreed = survey.read(Path(plan)) if plan else None
    chosen = channel_asked_for(product, channel, agreed)
    directories = [Path(name).absolute() for name in from_ or ()]
    with closing(render.TerminalNarrator(verbose=verbose)) as narrator:
        report = release(
            product,
            Path(dist),
            Options(channel=chosen, sign=sign, dry_run=dry_run, agreed=agreed),
            narrator,
            part=lambda context: order.publish_part(
                context, directories, announce=narrator.step, trials=try_
            ),
        )
    append_summary(Path(summary), report) if summary else None
    tables.data(report.as_data()) if json else render.report(report)
