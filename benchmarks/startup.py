"""How long `./inv --list` takes on a machine that is set up: `python benchmarks/startup.py [--json FILE]`.

Beside it stands what the same interpreter needs to start and import Invoke alone: the floor.
"""

import argparse
import json
import statistics
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = 20
LIMIT = 0.3
COMMANDS = {
    "./inv --list": [str(ROOT / "inv"), "--list"],
    "import invoke": [str(ROOT / ".venv" / "bin" / "python"), "-c", "import invoke.program"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    target = parser.parse_args().json
    medians = {
        name: statistics.median(_seconds(argv) for _ in range(RUNS)) for name, argv in COMMANDS.items()
    }
    floor = medians["import invoke"]
    print(f"{'command':<16} {'median s':>9} {'ratio':>6}   ({RUNS} runs; limit {LIMIT} s)")
    for name, seconds in medians.items():
        print(f"{name:<16} {seconds:>9.3f} {seconds / floor:>6.2f}")
    if target:
        target.write_text(json.dumps({"runs": RUNS, "limit": LIMIT, "medians": medians}, indent=2) + "\n")


def _seconds(argv: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(argv, check=True, capture_output=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
