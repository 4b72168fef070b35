"""`invoke channel.prune`, `channel.yank` and `channel.promote`."""

from typing import TYPE_CHECKING, Any, Final

from invoke.context import Context
from invoke.tasks import task

from jesses.tasks.command import JSON_HELP, PROJECT_HELP, command

if TYPE_CHECKING:
    from jesses.channel.operations.assembly import OperationContext, OperationResult

_COMMON: Final = {
    "project": PROJECT_HELP,
    "dry-run": "print every object that would change, and change nothing",
    "sign": "with --no-sign: the channel is not signed",
    "take-over": "do not wait for another run that changes this channel",
    "json": JSON_HELP,
}
_VERSION_HELP: Final = "the version, in SemVer"
_COMPONENT_HELP: Final = "its component, where several have this version"


@task(
    help={
        "version": _VERSION_HELP,
        "channel": "the channel of release.toml",
        "component": _COMPONENT_HELP,
        **_COMMON,
    }
)
@command
def yank(  # noqa: PLR0913, PLR0917 -- an option is an argument
    c: Context,
    version: str,
    channel: str = "stable",
    component: str = "",
    project: str = "",
    dry_run: bool = False,
    sign: bool = True,
    take_over: bool = False,
    json: bool = False,
) -> None:
    """Take a version out of a channel's indexes, for good; its files stay until they are pruned."""
    from jesses.channel.operations.assembly import yank_version

    desk = _desk(project or c.config.project, dry_run=dry_run, sign=sign, take_over=take_over)
    _show(yank_version(desk, channel, version, component or None), json=json)


@task(
    help={
        "version": _VERSION_HELP,
        "to": "the channel that gets it",
        "from": "the channel that has it, where several do",
        "component": _COMPONENT_HELP,
        **_COMMON,
    }
)
@command
def promote(  # noqa: PLR0913, PLR0917 -- an option is an argument
    c: Context,
    version: str,
    to: str = "stable",
    from_: str = "",
    component: str = "",
    project: str = "",
    dry_run: bool = False,
    sign: bool = True,
    take_over: bool = False,
    json: bool = False,
) -> None:
    """Publish what one channel has of a version to another: the same bytes, and no new signatures on them."""
    from jesses.channel.operations.assembly import promote_version

    desk = _desk(project or c.config.project, dry_run=dry_run, sign=sign, take_over=take_over)
    done = promote_version(desk, version, component or None, source=from_ or None, to=to)
    _show(done, json=json)


@task(
    help={
        "channel": "the channel of release.toml",
        "keep": "keep this many versions of each component",
        "days": "keep versions that were published at most so many days ago",
        "size": "keep at most so much of all versions: bytes, or with a unit (500MB, 20GB)",
        **_COMMON,
    }
)
@command
def prune(  # noqa: PLR0913, PLR0917 -- an option is an argument
    c: Context,
    channel: str,
    keep: str = "",
    days: str = "",
    size: str = "",
    project: str = "",
    dry_run: bool = False,
    sign: bool = True,
    take_over: bool = False,
    json: bool = False,
) -> None:
    """Withdraw versions beyond the limits, never the newest; delete what nothing has referred to for 7 days."""
    from jesses.channel.operations.assembly import prune_channel
    from jesses.channel.operations.limits import parse_limits

    limits = parse_limits(keep=keep, days=days, size=size)
    desk = _desk(project or c.config.project, dry_run=dry_run, sign=sign, take_over=take_over)
    _show(prune_channel(desk, channel, limits), json=json)


def _desk(project: str, **options: Any) -> "OperationContext":  # noqa: ANN401 -- those of Desk
    import os
    import sys
    from pathlib import Path

    from jesses.channel.operations.assembly import OperationContext
    from jesses.config import load

    directory = Path(project).resolve()
    return OperationContext(
        config=load(directory),
        directory=directory,
        environment=os.environ,
        tell=lambda text: sys.stderr.write(f"  {text}\n"),
        **options,
    )


def _show(done: "OperationResult", *, json: bool) -> None:
    from jesses.tasks import render, tables

    tables.data(done.as_data()) if json else render.operation(done)
