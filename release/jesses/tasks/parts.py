"""`invoke build` and `invoke publish`: a release in two parts, for CI with a machine for each architecture."""

from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.tasks import task

from jesses.tasks.command import command
from jesses.tasks.options import JSON_HELP, PROJECT_HELP, VERBOSE_HELP, ReleaseArguments, help_of, spread

if TYPE_CHECKING:
    from jesses.pipeline.context import Context as PipelineContext
    from jesses.pipeline.context import State
from jesses.tasks.opening import asked_for, open_product


@task(
    iterable=["arch"],
    help={
        "arch": "what to build for: x86_64, aarch64, noarch (several with commas, or repeated)",
        "project": PROJECT_HELP,
        "dist": "the directory that `invoke publish --from` takes, made afresh",
        "try": "install the packages in the containers that `trials` of release.toml names",
        "verbose": VERBOSE_HELP,
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
    from jesses.base.naming.arch import parse_arch
    from jesses.pipeline import order
    from jesses.pipeline.options import Options
    from jesses.tasks import render

    architectures = [parse_arch(name) for names in arch or () for name in names.split(",")]
    product = open_product(project or c.config.project)

    def part(context: "PipelineContext", announce: "order.Announce") -> "State":
        return order.build_part(context, architectures, announce=announce, trials=try_)

    report = render.released(product, dist, Options(sign=False), verbose=verbose, part=part)
    render.show(report, json=json)


@task(
    iterable=["from_"],
    help={
        "from": "a directory that `invoke build` has made (may be repeated)",
        **help_of(ReleaseArguments),
        "dry_run": "join and try the packages, print every object that would change, and change nothing",
        "summary": "add a Markdown table of the artifacts to this file (GITHUB_STEP_SUMMARY in GitHub Actions)",
        "try": "install the packages in the containers that `trials` of release.toml names",
        "verbose": VERBOSE_HELP,
        "json": JSON_HELP,
    },
)
@command
@spread(ReleaseArguments)
def publish(  # noqa: PLR0913 -- an option is an argument
    c: Context,
    from_: list[str] | None = None,
    *,
    options: ReleaseArguments,
    dry_run: bool = False,
    summary: str = "",
    try_: bool = True,
    verbose: bool = False,
    json: bool = False,
) -> None:
    """Join what `invoke build` has made, assemble images, sign and publish; runs no build command."""
    from pathlib import Path

    from jesses.pipeline import order
    from jesses.tasks import render
    from jesses.tasks.summary import append_summary

    product, chosen = asked_for(c, options, dry_run=dry_run)
    directories = [Path(name).absolute() for name in from_ or ()]

    def part(context: "PipelineContext", announce: "order.Announce") -> "State":
        return order.publish_part(context, directories, announce=announce, trials=try_)

    report = render.released(product, options.dist, chosen, verbose=verbose, part=part)
    append_summary(Path(summary), report) if summary else None
    render.show(report, json=json)
