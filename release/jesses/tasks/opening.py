"""What every command that works on a product begins with."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context

from jesses.tasks.options import ReleaseArguments

if TYPE_CHECKING:
    from jesses.pipeline.options import Options
    from jesses.plan.product import Product


def open_product(directory: str) -> "Product":
    """The product in `directory`; git answers while Python imports what reads the configuration."""
    from jesses.history.git import GitReader
    from jesses.history.git_history import GitHistory

    path = Path(directory).resolve()
    with GitReader(path) as git, _no_garbage():
        history = GitHistory(git)
        from jesses.history.ci import detect
        from jesses.plan import product

        return product.open_product(path, history, detect(os.environ))


def asked_for(
    c: Context, options: ReleaseArguments, *, dry_run: bool, take_over: bool = False
) -> tuple["Product", "Options"]:
    """The product that a command is about, and how it is to be released."""
    from jesses.channel import survey
    from jesses.pipeline.options import Options
    from jesses.pipeline.session import channel_asked_for

    product = open_product(options.project or c.config.project)
    agreed = survey.read(Path(options.plan)) if options.plan else None
    return product, Options(
        channel=channel_asked_for(product, options.channel, agreed),
        sign=options.sign,
        dry_run=dry_run,
        take_over=take_over,
        agreed=agreed,
    )


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Importing makes many objects and no garbage; looking for some takes a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
