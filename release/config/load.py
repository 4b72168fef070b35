"""Read `release.toml`: every problem at once, each with its key path and, if misspelled, the likely name."""

import difflib
import json
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from release.config.check import problems_in
from release.config.models import Config
from release.errors import ConfigError

FILE_NAME = "release.toml"


def load(directory: Path) -> Config:
    """The configuration of the product in `directory`.

    Raises:
        ConfigError: the file is missing or wrong; the message names every problem.

    """
    path = directory / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no {FILE_NAME} in {directory}", fix="name the product's directory with --project DIR"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}", fix="make it a readable UTF-8 file") from error
    return parse(text, origin=str(path), directory=directory)


def parse(text: str, *, origin: str, directory: Path | None = None) -> Config:
    """A configuration from its text, which is from `origin`; its files are looked for in `directory`, or not.

    Raises:
        ConfigError: it is wrong; the message names every problem.

    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{origin} is not TOML: {error}", fix="correct the line that it names") from error
    try:
        # Through JSON, since strict mode takes an array as a tuple there.
        config = Config.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        raise _refusal(origin, [_describe(detail) for detail in error.errors()]) from None
    if problems := list(problems_in(config, directory)):
        raise _refusal(origin, problems)
    return config


def _refusal(origin: str, problems: Sequence[str]) -> ConfigError:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return ConfigError(
        f"{origin} has {count}:\n    " + "\n    ".join(problems),
        fix="see docs/configuration.md; editors check the file with docs/release.schema.json",
    )


def _describe(detail: ErrorDetails) -> str:
    where = ".".join(str(part) for part in detail["loc"])
    if detail["type"] != "extra_forbidden":
        return f"{where}: {detail['msg'].removeprefix('Value error, ')}"
    known = list(_keys_at(Config, detail["loc"][:-1]))
    near = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
    return f"{where}: unknown key; {hint}"


def _keys_at(model: type[BaseModel], path: Sequence[int | str]) -> Iterator[str]:
    """The keys that the model at `path` has; indexes and names of table entries lead to the same model."""
    for part in path:
        field = model.model_fields.get(str(part))
        if field is not None and (inner := _model_in(field.annotation)):
            model = inner
    yield from model.model_fields


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)
