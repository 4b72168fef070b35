"""Compile the agent for one architecture into $JESSES_STAGE/bin/kestrel: `build.py [--static]`.

The compiler is Zig's, from the `ziglang` wheel: it builds for every
architecture on any machine that has Python. Without an option the agent needs
glibc 2.17 or newer, and has its debug information in it; with --static it
needs nothing: musl libc is inside, and its licence is staged too. The same
sources give the same bytes everywhere.
"""

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ARCHITECTURES = ("x86_64", "aarch64")
SOURCES = ("kestrel.c", "options.c", "output.c", "source.c")
FLAGS = (
    "-std=c11",
    "-D_GNU_SOURCE",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-mcpu=baseline",
    "-Idriver",
)
STATIC = ("-static", "-s")
DYNAMIC = ("-g", "-fPIE", "-pie", "-Wl,--build-id=sha1", "-Wl,-z,relro,-z,now", "-Wl,-T,userspace/link.ld")


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


def compiler_directory() -> Path:
    compiler = importlib.util.find_spec("ziglang")
    if compiler is None or compiler.origin is None:
        raise BuildError("the compiler is missing: pip install -r requirements.txt")
    return Path(compiler.origin).parent


def compiler_command(version: str, arch: str, output: Path, *, static: bool) -> list[str]:
    if arch not in ARCHITECTURES:
        raise BuildError(f"JESSES_ARCH must be one of {', '.join(ARCHITECTURES)}, not {arch!r}")
    target = f"{arch}-linux-{'musl' if static else 'gnu.2.17'}"
    # Debug information names sources by these paths, whatever the machine's are.
    maps = {Path.cwd(): "/usr/src/kestrel", compiler_directory(): "/usr/lib/zig"}
    return [
        *(sys.executable, "-m", "ziglang", "cc", "-target", target),
        *FLAGS,
        *(STATIC if static else DYNAMIC),
        *(f"-ffile-prefix-map={path}={name}" for path, name in maps.items()),
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


def build(version: str, arch: str, stage: Path, *, static: bool) -> None:
    output = stage / "bin" / "kestrel"
    command = compiler_command(version, arch, output, static=static)
    output.parent.mkdir()
    with compiler_cache() as cache:
        environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": str(cache), "ZIG_LOCAL_CACHE_DIR": str(cache)}
        status = subprocess.run(command, env=environment, check=False).returncode
    if status:
        raise BuildError(f"the compiler ended with status {status}")
    output.chmod(0o755)
    if static:
        (stage / "licenses").mkdir()
        shutil.copy(compiler_directory() / "lib/libc/musl/COPYRIGHT", stage / "licenses" / "COPYRIGHT.musl")


def main() -> str | None:
    try:
        build(
            *(setting("JESSES_VERSION"), setting("JESSES_ARCH"), Path(setting("JESSES_STAGE"))),
            static=sys.argv[1:] == ["--static"],
        )
    except (BuildError, OSError) as error:
        return f"userspace/build.py: {error}"
    return None


if __name__ == "__main__":
    sys.exit(main())
