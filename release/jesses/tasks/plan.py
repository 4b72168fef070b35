"""`invoke plan` and `invoke schema`."""

from invoke.context import Context
from invoke.tasks import task

from jesses.tasks.command import command
from jesses.tasks.opening import open_product
from jesses.tasks.options import JSON_HELP, PROJECT_HELP


@task(
    help={
        "project": PROJECT_HELP,
        "channel": "plan for this channel of release.toml, `auto`: by HEAD's tags; otherwise a snapshot",
        "remote": "say of each object what the channel has: new, same, moves, conflict",
        "json": JSON_HELP + "; `invoke release --plan FILE` takes that of --remote",
    }
)
@command
def plan(c: Context, project: str = "", channel: str = "", remote: bool = False, json: bool = False) -> None:
    """Show what a release would make and where it would go, without building anything."""
    product = open_product(project or c.config.project)

    from jesses.tasks import tables

    if remote:
        from jesses.channel.survey import as_data
        from jesses.pipeline import session

        made = session.plan(product, session.channel_asked_for(product, channel))
        found = session.survey(product, made)
        tables.data(as_data(made, found)) if json else tables.remote(made, found)
        return
    if channel:
        from jesses.pipeline import session

        made = session.plan(product, session.channel_asked_for(product, channel))
    else:
        made = product.plan()
    tables.data(made.as_data()) if json else tables.plan(made)


@task
@command
def schema(c: Context) -> None:
    """Print the JSON Schema of release.toml, for editors."""
    from jesses.config.schema import json_schema
    from jesses.tasks import tables

    tables.data(json_schema())
