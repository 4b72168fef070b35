"""Stage the sources of the driver, ready for DKMS, in $JESSES_STAGE/driver."""

import os
import shutil
import sys
from pathlib import Path

SOURCES = (
    "API_VERSION",
    "COPYING",
    "Kbuild",
    "LICENSE",
    "Makefile",
    "SCHEMA_VERSION",
    "kestrel.c",
    "kestrel_uapi.h",
)


def stage(sources: Path, target: Path, version: str) -> None:
    target.mkdir()
    for name in SOURCES:
        shutil.copyfile(sources / name, target / name)
    (target / "VERSION").write_text(f"{version}\n", encoding="utf-8", newline="\n")
    dkms = (sources / "dkms.conf").read_text(encoding="utf-8")
    (target / "dkms.conf").write_text(dkms.replace("@VERSION@", version), encoding="utf-8", newline="\n")


def main() -> str | None:
    try:
        version, target = os.environ["JESSES_VERSION"], Path(os.environ["JESSES_STAGE"])
    except KeyError as missing:
        return f"driver/stage.py: the environment variable {missing.args[0]} is not set"
    try:
        stage(Path(__file__).parent, target / "driver", version)
    except OSError as error:
        return f"driver/stage.py: {error}"
    return None


if __name__ == "__main__":
    sys.exit(main())
