"""Compile the agent for one architecture into $JESSES_STAGE/bin/kestrel.

The compiler is Zig's, from the `ziglang` wheel: it builds static binaries for
every architecture on any machine that has Python. The same sources give the
same bytes everywhere.
"""

import contextlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

TARGETS = {"x86_64": "x86_64-linux-musl", "aarch64": "aarch64-linux-musl"}
SOURCES = ("kestrel.c", "options.c", "output.c", "source.c")
FLAGS = (
    "-std=c11",
    "-D_GNU_SOURCE",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-mcpu=baseline",
    "-static",
    "-s",
    "-Idriver",
)


class BuildError(Exception):
    """The agent cannot be built; the message says why."""


def setting(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise BuildError(f"the environment variable {name} is not set") from None


def contract_defines(name: str) -> list[str]:
    """One version of the driver's interface, from its file, as preprocessor definitions."""
    path = Path("driver", f"{name}_VERSION")
    text = path.read_text(encoding="utf-8").partition("\n")[0].strip()
    numbers = text.split(".")
    parts = ("MAJOR", "MINOR", "PATCH")
    if len(numbers) != len(parts) or not all(number.isdecimal() for number in numbers):
        raise BuildError(f"{path} must begin with MAJOR.MINOR.PATCH, not {text!r}")
    return [f"-DKESTREL_{name}_{part}={number}" for part, number in zip(parts, numbers, strict=True)]


def compiler_command(version: str, arch: str, output: Path) -> list[str]:
    if arch not in TARGETS:
        raise BuildError(f"JESSES_ARCH must be one of {', '.join(TARGETS)}, not {arch!r}")
    if importlib.util.find_spec("ziglang") is None:
        raise BuildError("the compiler is missing: pip install -r requirements.txt")
    return [
        *(sys.executable, "-m", "ziglang", "cc", "-target", TARGETS[arch]),
        *FLAGS,
        f'-DKESTREL_VERSION="{version}"',
        *contract_defines("API"),
        *contract_defines("SCHEMA"),
        *(f"userspace/{source}" for source in SOURCES),
        *("-o", str(output)),
    ]


@contextlib.contextmanager
def compiler_cache() -> Iterator[Path]:
    """Where Zig keeps what it compiled, its C library above all: half a minute the first time."""
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        cache = Path(os.environ.get("ZIG_GLOBAL_CACHE_DIR") or Path(base, "zig"))
        cache.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # no home, or one that cannot be written
        with tempfile.TemporaryDirectory() as scratch:
            yield Path(scratch)
    else:
        yield cache


def build(version: str, arch: str, stage: Path) -> None:
    output = stage / "bin" / "kestrel"
    command = compiler_command(version, arch, output)
    output.parent.mkdir()
    with compiler_cache() as cache:
        environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": str(cache), "ZIG_LOCAL_CACHE_DIR": str(cache)}
        status = subprocess.run(command, env=environment, check=False).returncode
    if status:
        raise BuildError(f"the compiler ended with status {status}")
    output.chmod(0o755)


def main() -> str | None:
    try:
        build(setting("JESSES_VERSION"), setting("JESSES_ARCH"), Path(setting("JESSES_STAGE")))
    except (BuildError, OSError) as error:
        return f"userspace/build.py: {error}"
    return None


if __name__ == "__main__":
    sys.exit(main())
