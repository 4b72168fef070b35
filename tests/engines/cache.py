"""What is expensive to make and the same for a week: kept between runs of the tests.

Safe when two runs use it at once: each makes its own copy beside the final name and renames it, and the
first one stays.
"""

import hashlib
import inspect
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

KEPT_FOR = 14 * 24 * 60 * 60  # seconds


def cache_dir() -> Path:
    """JESSES_TEST_CACHE, or ~/.cache/jesses-tests."""
    named = os.environ.get("JESSES_TEST_CACHE")
    path = Path(named) if named else Path.home() / ".cache" / "jesses-tests"
    path.mkdir(parents=True, exist_ok=True)
    return path


def cached(name: str, inputs: object, make: Callable[[Path], None]) -> Path:
    """The directory that `make(empty_directory)` filled.

    It is made anew when `inputs` (their repr() counts) or the module of `make` changes, and every week. It
    is shared with other tests and other runs: read it, never write to it.
    """
    year, week, _ = datetime.now(tz=UTC).isocalendar()
    source = Path(inspect.getfile(make)).read_bytes()
    key = hashlib.sha256(repr((inputs, source, year, week)).encode()).hexdigest()[:16]
    final = cache_dir() / f"{name}-{key}"
    if final.is_dir():
        return final
    _forget_old(final.parent)
    draft = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=final.parent))
    try:
        draft.chmod(0o755)
        make(draft)
        _rename_first(draft, final)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return final


def _forget_old(directory: Path) -> None:
    """Removes what no week uses any more, and what a killed run left half made."""
    for path in directory.iterdir():
        if path.stat().st_mtime < time.time() - KEPT_FOR:
            shutil.rmtree(path, ignore_errors=True)


def _rename_first(draft: Path, final: Path) -> None:
    try:
        draft.rename(final)
    except OSError:  # another run was first: a directory that is not empty cannot be replaced
        if not final.is_dir():
            raise
