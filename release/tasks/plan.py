"""`invoke plan` and `invoke schema`."""

from invoke.context import Context
from invoke.tasks import task

from release.tasks.command import JSON_HELP, PROJECT_HELP, command


@task(
    help={
        "project": PROJECT_HELP,
        "channel": "plan for this channel of release.toml; otherwise a snapshot",
        "json": JSON_HELP,
    }
)
@command
def plan(c: Context, project: str = "", channel: str = "", json: bool = False) -> None:
    """Show what a release would make and where it would go, without building anything."""
    from release.session import open_product
    from release.tasks import render

    product = open_product(project or c.config.project)
    made = product.plan(channel or None)
    render.data(made.as_data()) if json else render.plan(made)


@task
@command
def schema(c: Context) -> None:
    """Print the JSON Schema of release.toml, for editors."""
    from release.config.schema import json_schema
    from release.tasks import render

    render.data(json_schema())
