"""`invoke release` and what belongs to it."""

from invoke.context import Context
from invoke.tasks import task

from jesses.tasks.command import command
from jesses.tasks.opening import asked_for
from jesses.tasks.options import JSON_HELP, VERBOSE_HELP, ReleaseArguments, help_of, spread


@task(
    default=True,
    help={
        **help_of(ReleaseArguments),
        "dry-run": "build and package, print every object that would change, and change nothing",
        "take-over": "do not wait for another run that publishes this release",
        "verbose": VERBOSE_HELP,
        "json": JSON_HELP,
    },
)
@command
@spread(ReleaseArguments)
def run(
    c: Context,
    *,
    options: ReleaseArguments,
    dry_run: bool = False,
    take_over: bool = False,
    verbose: bool = False,
    json: bool = False,
) -> None:
    """Release the product: build, package, sign, publish."""
    from jesses.tasks import render

    product, chosen = asked_for(c, options, dry_run=dry_run, take_over=take_over)
    render.show(render.released(product, options.dist, chosen, verbose=verbose), json=json)
