"""How long a plan takes on a long history, beside git alone and beside other tools.

    .venv/bin/python -m benchmarks.versions [--rounds 11] [--json FILE] [--no-peers] [--cache DIR]

The repositories and the environment of the other tools are made once, below --cache.
"""

import argparse
import json
import os
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.versions import peers, plumbing, repository

ROOT: Final = Path(__file__).resolve().parents[2]
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "jesses-benchmarks"
LARGE, SMALL = (100_000, 5_000), (10_000, 500)
LIMIT: Final = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--no-peers", action="store_true", help="leave the other tools out")
    parser.add_argument("--cache", type=Path, default=CACHE)
    arguments = parser.parse_args()
    seconds = _measure(arguments)
    medians = {name: median(values) for name, values in seconds.items()}
    figures = _figures(medians)
    _print(medians, figures)
    if arguments.json:
        data = {"load": os.getloadavg(), "seconds": seconds, "medians": medians, "figures": figures}
        arguments.json.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def _measure(arguments: argparse.Namespace) -> dict[str, list[float]]:
    large, small = (
        repository.make(arguments.cache / f"repository-{commits}", commits=commits, tags=tags)
        for commits, tags in (LARGE, SMALL)
    )
    trace = arguments.cache / "trace"
    asked, plain = plumbing.asked_by(_plan(large), trace), plumbing.plain(large)
    asked_small = plumbing.asked_by(_plan(small), trace)
    measured: dict[str, Callable[[], object]] = {
        "./inv --list": lambda: _run([str(ROOT / "inv"), "--list"]),
        "./inv plan": lambda: _run(_plan(large)),
        "./inv plan, 10,000 commits": lambda: _run(_plan(small)),
        "git, as the plan asks it": lambda: plumbing.run_all(asked),
        "git, as the plan asks it, 10,000 commits": lambda: plumbing.run_all(asked_small),
        "git, a plain command for each question": lambda: plumbing.run_all(plain),
        "git describe --tags": lambda: _run(["git", "describe", "--tags"], large),
    }
    seconds: dict[str, list[float]] = defaultdict(list)
    for _ in range(arguments.rounds):
        for name, action in measured.items():
            seconds[name].append(_seconds(action))
    if not arguments.no_peers:
        _peers(arguments, large, seconds)
    return seconds


def _peers(arguments: argparse.Namespace, root: Path, seconds: dict[str, list[float]]) -> None:
    for name, peer in peers.install(arguments.cache / "peers").items():
        for _ in range(peer.rounds or max(1, arguments.rounds // 3)):
            seconds[name].append(_seconds(partial(_run, peer.argv, root)))
            seconds[f"{name}, its start alone"].append(_seconds(partial(_run, peer.start, root)))


def _figures(medians: dict[str, float]) -> dict[str, float]:
    ours = medians["./inv plan"] - medians["./inv --list"]
    small = medians["./inv plan, 10,000 commits"] - medians["./inv --list"]
    return {
        "plan less list": ours,
        "plan less list : git, a plain command for each question": ours
        / medians["git, a plain command for each question"],
        "plan less list : git, as the plan asks it": ours / medians["git, as the plan asks it"],
        "plan less list, 100,000 : 10,000 commits": ours / small,
        "git, as the plan asks it, 100,000 : 10,000 commits": medians["git, as the plan asks it"]
        / medians["git, as the plan asks it, 10,000 commits"],
    }


def _print(medians: dict[str, float], figures: dict[str, float]) -> None:
    unit = medians["git, as the plan asks it"]
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; medians\n")
    print(f"{'':<44} {'seconds':>8} {'ratio':>7}")
    for name, value in medians.items():
        print(f"{name:<44} {value:>8.3f} {value / unit:>7.1f}")
    print()
    for name, value in figures.items():
        print(f"{name:<60} {value:>6.2f}")
    print(f"(the limit for the plain commands is {LIMIT})")


def _plan(root: Path) -> list[str]:
    return [str(ROOT / "inv"), "plan", "--project", str(root)]


def _run(argv: Sequence[str], cwd: Path = ROOT) -> None:
    subprocess.run(argv, cwd=cwd, check=True, capture_output=True)


def _seconds(action: Callable[[], Any]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
