"""Names of files in a tree that is not ours: nothing is read through a link that leads out of it."""

from pathlib import Path

from jesses.base.errors import PayloadError


def entry(root: Path, name: str) -> Path:
    """The entry `name` of the tree `root`, which may be a link itself: it is packed as it is, and not followed.

    Raises:
        PayloadError: a directory above it is a link that leads out of the tree.

    """
    return _inside(root, name, Path(name).parts[:-1])


def file(root: Path, name: str) -> Path:
    """The file `name` of the tree `root`, to be read.

    Raises:
        PayloadError: it, or a directory above it, is a link that leads out of the tree.

    """
    return _inside(root, name, Path(name).parts)


def _inside(root: Path, name: str, followed: tuple[str, ...]) -> Path:
    path = root
    for part in followed:
        path /= part
        if path.is_symlink() and not _target(path).is_relative_to(root.resolve()):
            raise PayloadError(
                f"{name} would be read through the link {path.relative_to(root)} -> {path.readlink()}, "
                f"which leads out of {root}",
                fix="put what is meant there in place of the link, or leave the link out",
            )
    return root / name


def _target(link: Path) -> Path:
    try:
        return link.resolve()
    except RuntimeError as error:
        raise PayloadError(f"the link {link} leads to itself", fix="leave it out") from error
