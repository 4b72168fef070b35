"""What is packed: the executable of the `ziglang` wheel and 2,000 small files of its library, real bytes.

The executable of the other architecture comes from its wheel, where one is given; otherwise it is the same bytes,
turned so that nothing can take one for the other: what is equal would be compressed once.
"""

import importlib.util
import shutil
import zipfile
from itertools import cycle
from pathlib import Path
from typing import Final

FILES: Final = 2000
SMALL: Final = 64 << 10
EXECUTABLE: Final = "zig"
CHANGED: Final = "lib/std/ascii.zig"
_BLOCK: Final = 1 << 20
_IN_ONE: Final = 100


def make(directory: Path, *, aarch64_wheel: Path | None) -> Path:
    """The trees, one for each architecture."""
    source = installed()
    small = sorted(path for path in (source / "lib").rglob("*") if _is_small(path))
    chosen = {small[number * len(small) // FILES] for number in range(FILES)} | {source / CHANGED}
    for arch in ("x86_64", "aarch64"):
        tree = directory / arch
        for path in chosen:
            target = tree / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        executable = (source / EXECUTABLE).read_bytes()
        if arch == "aarch64":
            executable = _of_wheel(aarch64_wheel) if aarch64_wheel else _turned(executable)
        (tree / EXECUTABLE).write_bytes(executable)
        (tree / EXECUTABLE).chmod(0o755)
    return directory


def _of_wheel(path: Path) -> bytes:
    with zipfile.ZipFile(path) as wheel:
        return wheel.read(f"ziglang/{EXECUTABLE}")


def _turned(data: bytes) -> bytes:
    start = len(data) // 3 | 1
    return data[start:] + data[:start]


def change(directory: Path) -> None:
    """One small file of one architecture gets a line more."""
    with (directory / "x86_64" / CHANGED).open("a", encoding="utf-8") as out:
        out.write("// changed\n")


def make_sized(directory: Path, payloads: Path, size: int) -> Path:
    """One tree of `size` bytes: the small files, and as much of the executables as is needed."""
    tree = directory / "x86_64"
    shutil.copytree(payloads / "x86_64" / "lib", tree / "lib")
    missing = size - sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())
    with (tree / EXECUTABLE).open("wb") as out:
        for arch in cycle(("x86_64", "aarch64")):
            with (payloads / arch / EXECUTABLE).open("rb") as stream:
                while missing > 0 and (block := stream.read(min(_BLOCK, missing))):
                    missing -= out.write(block)
            if missing <= 0:
                break
    return directory


def make_small(directory: Path, files: int) -> Path:
    """One tree of `files` files of some hundred bytes, no two alike, a hundred to a directory."""
    for number in range(files):
        path = directory / "x86_64" / f"{number // _IN_ONE:05}" / f"file-{number:07}"
        if number % _IN_ONE == 0:
            path.parent.mkdir(parents=True)
        path.write_text(f"This is file {number}.\n" * (number % 30 + 1), encoding="ascii")
    return directory


def installed() -> Path:
    """The installed `ziglang` package."""
    found = importlib.util.find_spec("ziglang")
    if found is None or found.origin is None:
        raise SystemExit("the payload is made of the package ziglang: install requirements/release.txt")
    return Path(found.origin).parent


def _is_small(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_size < SMALL
