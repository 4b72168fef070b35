"""Make or renew `.venv` from a lock file: `python3 ci/bootstrap.py release|test`.

Needs Python alone. The pip in `ci/wheels` installs, so that a Debian without python3-venv (no ensurepip) does
as well as any machine, and every machine installs with the same pip.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST = (3, 11)


def main() -> None:
    if sys.version_info < OLDEST:
        found = sys.version.split()[0]
        sys.exit(f"jesses needs Python 3.11 or newer, this is {found}: set PYTHON=/path/to/python3")
    ensure(sys.argv[1] if len(sys.argv) > 1 else "release")


def ensure(lock_name: str) -> None:
    """Install what `requirements/<lock_name>.txt` locks, unless it is installed already."""
    lock = ROOT / "requirements" / f"{lock_name}.txt"
    installed = VENV / "locks" / lock.name
    VENV.mkdir(exist_ok=True)
    with (VENV / ".lock").open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        if installed.exists() and installed.read_bytes() == lock.read_bytes():
            return
        if not (VENV / "bin" / "python").exists():
            _create()
        sys.stderr.write(f"installing requirements/{lock.name} into .venv (once) ...\n")
        _install(lock)
        _find_jesses()
        installed.parent.mkdir(exist_ok=True)
        shutil.copyfile(lock, installed)


def _create() -> None:
    try:
        import venv
    except ImportError:
        sys.exit("this Python has no venv module: apt-get install python3-venv (or your system's equivalent)")
    venv.create(VENV, with_pip=False, symlinks=True)


def _install(lock: Path) -> None:
    wheel = next((ROOT / "ci" / "wheels").glob("pip-*.whl"))
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", str(lock)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(wheel)}, check=False)
    if done.returncode:
        sys.exit(
            f"cannot install {lock.relative_to(ROOT)}: see pip's message above; run again when it is cured"
        )


def _find_jesses() -> None:
    """Let the Pythons of `.venv` find the package below `release/`; relative, so that a checkout may move."""
    for packages in VENV.glob("lib/python*/site-packages"):
        source = os.path.relpath(ROOT / "release", packages)
        (packages / "jesses.pth").write_text(f"{source}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
