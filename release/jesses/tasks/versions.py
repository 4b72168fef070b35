"""`invoke versions`."""

from invoke.context import Context
from invoke.tasks import task

from jesses.tasks.command import command
from jesses.tasks.opening import open_product
from jesses.tasks.options import JSON_HELP, PROJECT_HELP


@task(help={"project": PROJECT_HELP, "json": JSON_HELP})
@command
def versions(c: Context, project: str = "", json: bool = False) -> None:
    """Show each component's version, and why it is that one."""
    made = open_product(project or c.config.project).plan()

    from jesses.tasks import tables

    tables.data(made.as_data()["versions"]) if json else tables.versions(made.versions)
