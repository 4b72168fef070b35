"""Options that several commands have in common, said once."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Final, TypeVar

from invoke.context import Context

R = TypeVar("R")

PROJECT_HELP: Final = "the product's directory, which holds release.toml"
JSON_HELP: Final = "print JSON instead of tables"
VERBOSE_HELP: Final = "show the command lines of builds"


def _option(default: Any, text: str) -> Any:  # noqa: ANN401 -- as `field`
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, kw_only=True)
class OperationArguments:
    """What every operation on a channel can be told."""

    project: str = _option("", PROJECT_HELP)
    dry_run: bool = _option(False, "print every object that would change, and change nothing")
    sign: bool = _option(True, "with --no-sign: the channel is not signed")
    take_over: bool = _option(False, "do not wait for another run that changes this channel")
    json: bool = _option(False, JSON_HELP)


@dataclass(frozen=True, kw_only=True)
class CutArguments:
    """Which release a maintainer wants."""

    component: list[str] | None = _option(  # noqa: RUF009 -- gives a field
        None, "release only this component (may be repeated); otherwise those with changes"
    )
    minor: bool = _option(False, "the next minor, from the main branch")
    patch: bool = _option(False, "the next patch, from its release branch")
    line: str = _option("", "with --patch: the line to patch, such as 1.1; otherwise the newest")
    rc: bool = _option(False, "a release candidate")
    final: bool = _option(False, "the final release of the candidate under way")


@dataclass(frozen=True, kw_only=True)
class ReleaseArguments:
    """Of what a release is made, and where it goes."""

    project: str = _option("", PROJECT_HELP)
    dist: str = _option("dist", "the output directory, made afresh")
    channel: str = _option(
        "", "publish to this channel of release.toml, `auto`: by HEAD's tags; otherwise make a snapshot"
    )
    plan: str = _option("", "do exactly what this file says (`invoke plan --remote --json`), or nothing")
    sign: bool = _option(
        True, "sign packages and repositories (with a key made for this run where none is configured)"
    )


Group = OperationArguments | CutArguments | ReleaseArguments


def help_of(options: type[Group]) -> dict[str, str]:
    """The help of every option of a group, by its name, as Invoke's `help` takes it."""
    return {part.name: part.metadata["help"] for part in fields(options)}


def spread(group: type[Group]) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command the options of `group` in the place of its parameter `options`.

    Invoke makes options of a function's parameters; the function gets them as one value.
    """

    def decorate(body: Callable[..., R]) -> Callable[..., R]:
        names = {part.name for part in fields(group)}

        @functools.wraps(body)
        def command(context: Context, **given: Any) -> R:  # noqa: ANN401 -- what Invoke gives
            options = group(**{name: given.pop(name) for name in names & given.keys()})
            return body(context, **given, options=options)

        command.__signature__ = _with_options(inspect.signature(body), group)  # type: ignore[attr-defined]
        return command

    return decorate


def _with_options(signature: inspect.Signature, group: type[Group]) -> inspect.Signature:
    context, *own = signature.parameters.values()
    kind = inspect.Parameter.KEYWORD_ONLY
    shared = [inspect.Parameter(part.name, kind, default=part.default) for part in fields(group)]
    parameters = [
        found
        for parameter in own
        for found in (shared if parameter.name == "options" else [parameter.replace(kind=kind)])
    ]
    return signature.replace(parameters=[context, *parameters])
