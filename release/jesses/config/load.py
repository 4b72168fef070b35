"""Read `release.toml`: every problem at once, each with its key path and, if misspelled, the likely name."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

from msgspec import ValidationError, convert

from jesses.base.errors import ConfigError
from jesses.config.check import problems_in
from jesses.config.mistakes import mistakes_in
from jesses.config.models import Config

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
        config = convert(data, Config)
    except ValidationError:
        raise _refusal(origin, list(mistakes_in(data, Config))) from None
    if problems := list(problems_in(config, directory)):
        raise _refusal(origin, problems)
    return config


def _refusal(origin: str, problems: Sequence[str]) -> ConfigError:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return ConfigError(
        f"{origin} has {count}:\n    " + "\n    ".join(problems),
        fix="see docs/configuration.md; editors check the file with docs/release.schema.json",
    )
