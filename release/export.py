"""The tree of an earlier commit, as a checkout of its own."""

from collections.abc import Callable
from pathlib import Path

from release.errors import HistoryError
from release.git import Git

Export = Callable[[Path, str, Path], Path]
"""Called with a directory of a repository, a commit and an empty place: where that directory is in the tree."""


def export(directory: Path, commit: str, target: Path) -> Path:
    """Check out `commit` of the repository that holds `directory`, at `target`.

    It is a repository too, which borrows its objects: git and its filters work in it as in any checkout, and
    the product's own repository stays as it is. Submodules stay empty.

    Raises:
        HistoryError: git cannot, or the directory does not exist in that commit.

    """
    with Git(directory) as git:
        top, _, prefix = git("rev-parse", "--show-toplevel", "--show-prefix").partition("\n")
        git("clone", "--quiet", "--shared", "--no-checkout", "--template=", "--", top, str(target))
    with Git(target) as clone:
        clone("checkout", "--quiet", "--detach", commit)
    tree = target / prefix.strip("\n")
    if not tree.is_dir():
        raise HistoryError(
            f"commit {commit[:7]} has no directory {prefix}", fix="tag the component where it lies now"
        )
    return tree
