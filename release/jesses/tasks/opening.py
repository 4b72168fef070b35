"""What every command that works on a product begins with."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jesses.plan.product import Product


def open_product(directory: str) -> "Product":
    """The product in `directory`; git answers while Python imports what reads the configuration."""
    from jesses.history.git_history import GitHistory
    from jesses.history.plumbing import Git

    path = Path(directory).resolve()
    with Git(path) as git, _no_garbage():
        history = GitHistory(git)
        from jesses.plan import product

        return product.open_product(path, history, os.environ)


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Importing makes many objects and no garbage; looking for some takes a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
