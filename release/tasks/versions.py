"""`invoke versions`."""

from invoke.context import Context
from invoke.tasks import task

from release.tasks.command import JSON_HELP, PROJECT_HELP, command


@task(help={"project": PROJECT_HELP, "json": JSON_HELP})
@command
def versions(c: Context, project: str = "", json: bool = False) -> None:
    """Show each component's version, and why it is that one."""
    from release.session import open_product
    from release.tasks import render

    made = open_product(project or c.config.project).plan(None)
    render.data(made.as_data()["versions"]) if json else render.versions(made.versions)
