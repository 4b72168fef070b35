"""The tree of an earlier commit, as a checkout of its own."""

from collections.abc import Callable
from pathlib import Path

from git import GitCommandError, Repo

from jesses.base.errors import HistoryError

Export = Callable[[Path, str, Path], Path]
"""Takes a directory of a repository, a commit, and a path that does not exist yet: a checkout is made there.

Gives the path of that directory inside the checkout.
"""


def export(directory: Path, commit: str, target: Path) -> Path:
    """Check out `commit` of the repository that holds `directory`, at `target`.

    The checkout is a repository of its own that shares the objects of the product's (git-clone(1), --shared), so
    git and its filters work in it, and the product's repository stays as it is. Submodules stay empty. The path of
    `directory` inside the checkout comes back.

    Raises:
        HistoryError: git cannot, or the directory does not exist in that commit.

    """
    with Repo(directory, search_parent_directories=True) as repository:
        prefix = directory.resolve().relative_to(Path(repository.working_dir).resolve())
        try:
            # GitPython takes a template for unsafe, since it may bring hooks; an empty one brings none.
            with repository.clone(
                target, shared=True, no_checkout=True, template="", allow_unsafe_options=True
            ) as clone:
                # What a hook's environment says of its own repository must not reach the checkout.
                clone.git.update_environment(
                    GIT_DIR=clone.git_dir,
                    GIT_WORK_TREE=str(target),
                    GIT_INDEX_FILE=str(Path(clone.git_dir) / "index"),
                )
                clone.git.checkout("--quiet", "--detach", commit)
        except GitCommandError as error:
            said = error.stderr.strip().removeprefix("stderr: ").strip("'")
            raise HistoryError(
                f"cannot check out commit {commit[:7]}: {said}", fix="see what git says"
            ) from error
    tree = target / prefix
    if not tree.is_dir():
        raise HistoryError(
            f"commit {commit[:7]} has no directory {prefix}", fix="tag the component where it lies now"
        )
    return tree
