"""The output directory: made afresh by every run, whole or not at all.

A run works in a hidden directory beside it, which takes its place when everything is done. A run that fails
leaves the last one's output as it was.
"""

import fcntl
import glob
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

from jesses.base.artifact import Artifact
from jesses.base.errors import OutputError

PACKAGES: Final = "packages"
IMAGES: Final = "images"
SBOMS: Final = "sbom"
TREES: Final = "trees"
"""Where a machine that builds for others leaves its staged trees, as tarballs."""
BUILT: Final = "built"
"""Where a machine that builds for others leaves what its engine saved."""
MANIFEST: Final = "artifacts.json"
_LOCK = "lock"
"""The file by which a run shows that it is alive; no entry of the output has its name."""
_MODE = 0o755
_READ = 0o444
_LISTED = 0o555


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Where a run works: `output` becomes `final`; `scratch` is gone afterwards."""

    output: Path
    final: Path
    scratch: Path

    def finished(self, artifact: Artifact) -> Artifact:
        """`artifact` with the path that it has when the run is over."""
        return replace(artifact, path=self.final / artifact.path.relative_to(self.output))


@contextmanager
def open_workspace(final: Path, *, keep: bool = True) -> Iterator[Workspace]:
    """A workspace whose output replaces `final` when the block ends without an error; or is not kept.

    Raises:
        OutputError: `final` holds something that jesses did not make, or cannot be written.

    """
    final = final.absolute()
    _check_ours(final)
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        _remove_dead(final)
        root = Path(tempfile.mkdtemp(prefix=_prefix(final), dir=final.parent))
    except OSError as error:
        raise OutputError(
            f"cannot write beside {final}: {error.strerror}", fix="choose --dist DIR"
        ) from error
    alive = _show_alive(root)
    try:
        workspace = Workspace(output=root / "output", final=final, scratch=root / "scratch")
        for directory in (workspace.output, workspace.scratch):
            directory.mkdir()
            directory.chmod(_MODE)
        yield workspace
        if keep:
            _show(workspace.output)
            _swap(workspace.output, final, root / "previous")
    except OSError as error:
        raise OutputError(
            f"the release could not be written to {error.filename or root}: {error.strerror}",
            fix="see to free space and permissions; nothing half-written is left",
        ) from error
    finally:
        shutil.rmtree(root, ignore_errors=True)
        alive.close()


def _prefix(final: Path) -> str:
    """What the names of the hidden directories begin with that runs for `final` work in."""
    return f".{final.name}-"


def _show_alive(root: Path) -> IO[bytes]:
    """A file that is locked until it is closed, or the process ends; it has its name only when it is."""
    starting = root / "starting"
    lock = starting.open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    starting.rename(root / _LOCK)
    return lock


def _remove_dead(final: Path) -> None:
    """Remove what runs left that were killed: nobody holds the lock in their directories any more."""
    for lock in final.parent.glob(f"{glob.escape(_prefix(final))}*/{_LOCK}"):
        with lock.open("r") as held, suppress(BlockingIOError):
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)


def _check_ours(final: Path) -> None:
    if not final.exists() or (final.is_dir() and ((final / MANIFEST).exists() or not any(final.iterdir()))):
        return
    raise OutputError(
        f"{final} was not made by jesses, so it is not replaced", fix="move it away, or choose --dist DIR"
    )


def _show(output: Path) -> None:
    """Let everybody read what is finished, whatever wrote it and under whatever umask."""
    for path in (output, *output.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (_LISTED if path.is_dir() else _READ))


def _swap(output: Path, final: Path, previous: Path) -> None:
    if final.exists():
        final.rename(previous)
    output.rename(final)
