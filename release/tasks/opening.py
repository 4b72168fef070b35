"""What every command that works on a product begins with."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from release.product import Product


def open_product(directory: str) -> "Product":
    """The product in `directory`; git answers while Python imports what reads the configuration."""
    from release.git import Git
    from release.history import GitHistory

    path = Path(directory).resolve()
    with Git(path) as git:
        history = GitHistory(git)
        from release import product

        return product.open_product(path, history, os.environ)
