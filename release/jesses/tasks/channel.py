"""`invoke channel.prune`, `channel.yank` and `channel.promote`."""

from typing import TYPE_CHECKING, Final

from invoke.context import Context
from invoke.tasks import task

from jesses.tasks.command import command
from jesses.tasks.options import OperationArguments, help_of, spread

if TYPE_CHECKING:
    from jesses.channel.operations.assembly import OperationContext, OperationResult

_COMMON: Final = help_of(OperationArguments)
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
@spread(OperationArguments)
def yank(
    c: Context,
    version: str,
    channel: str = "stable",
    component: str = "",
    *,
    options: OperationArguments,
) -> None:
    """Take a version out of a channel's indexes, for good; its files stay until they are pruned."""
    from jesses.channel.operations.assembly import yank_version

    context = _opened(c, options)
    _show(yank_version(context, channel, version, component or None), json=options.json)


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
@spread(OperationArguments)
def promote(
    c: Context,
    version: str,
    to: str = "stable",
    from_: str = "",
    component: str = "",
    *,
    options: OperationArguments,
) -> None:
    """Publish what one channel has of a version to another: the same bytes, and no new signatures on them."""
    from jesses.channel.operations.assembly import promote_version

    context = _opened(c, options)
    done = promote_version(context, version, component or None, source=from_ or None, to=to)
    _show(done, json=options.json)


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
@spread(OperationArguments)
def prune(
    c: Context,
    channel: str,
    keep: str = "",
    days: str = "",
    size: str = "",
    *,
    options: OperationArguments,
) -> None:
    """Withdraw versions beyond the limits, never the newest; delete what nothing has referred to for 7 days."""
    from jesses.channel.operations.assembly import prune_channel
    from jesses.channel.operations.limits import parse_limits

    limits = parse_limits(keep=keep, days=days, size=size)
    context = _opened(c, options)
    _show(prune_channel(context, channel, limits), json=options.json)


def _opened(c: Context, options: OperationArguments) -> "OperationContext":
    import os
    import sys
    from pathlib import Path

    from jesses.channel.operations.assembly import OperationContext
    from jesses.config import load

    directory = Path(options.project or c.config.project).resolve()
    return OperationContext(
        config=load(directory),
        directory=directory,
        environment=os.environ,
        tell=lambda text: sys.stderr.write(f"  {text}\n"),
        dry_run=options.dry_run,
        sign=options.sign,
        take_over=options.take_over,
    )


def _show(done: "OperationResult", *, json: bool) -> None:
    from jesses.tasks import render, tables

    tables.data(done.as_data()) if json else render.operation(done)
