"""What git alone takes: the commands that a plan asks it, and those that a plain script would ask."""

import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

Commands = Sequence[Sequence[str]]


def asked_by(argv: Sequence[str], trace: Path) -> list[list[str]]:
    """The git commands that `argv` runs, as git itself records them (api-trace2, event format)."""
    trace.unlink(missing_ok=True)
    environment = {**os.environ, "GIT_TRACE2_EVENT": str(trace)}
    subprocess.run(argv, env=environment, check=True, stdout=subprocess.DEVNULL)
    events = map(json.loads, trace.read_text(encoding="utf-8").splitlines())
    # A session id with a slash is that of a git that git started.
    return [event["argv"] for event in events if event["event"] == "start" and "/" not in event["sid"]]


def plain(root: Path) -> list[list[str]]:
    """One plumbing command for each question: shallow? HEAD, tags, changes, counts, paths, contract files."""
    final, driver = _highest(root, "+driver", without=True), _highest(root, "+driver", without=False)
    questions: list[list[str]] = [
        ["rev-parse", "--is-shallow-repository"],
        ["symbolic-ref", "HEAD"],
        ["rev-list", "-1", "--format=%ct", "HEAD"],
        ["for-each-ref", "refs/tags", "--format=%(refname:strip=2) %(objectname) %(*objectname)"],
        ["update-index", "-q", "--refresh"],
        ["diff-index", "--name-only", "HEAD"],
        ["diff-index", "--name-only", "HEAD", "--", "driver"],
        ["merge-base", final, "HEAD"],
        ["rev-list", "--count", f"{final}..HEAD"],
        ["merge-base", driver, "HEAD"],
        ["rev-list", "--count", f"{driver}..HEAD"],
        ["diff-tree", "-r", "--name-only", driver, "HEAD", "--", "driver"],
        ["rev-list", "-1", "--format=%ct", "HEAD", "--", "driver"],
    ]
    questions += [
        ["cat-file", "blob", f"{commit}:driver/{name}"]
        for commit in (driver, "HEAD")
        for name in ("API_VERSION", "SCHEMA_VERSION")
    ]
    return [["git", "-C", str(root), *question] for question in questions]


def run_all(commands: Iterable[Sequence[str]]) -> None:
    for command in commands:
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)


def _highest(root: Path, suffix: str, *, without: bool) -> str:
    listing = subprocess.run(
        ["git", "-C", str(root), "tag", "--list"], check=True, capture_output=True, text=True
    ).stdout
    names = [name for name in listing.split() if "-" not in name and name.endswith(suffix) is not without]
    return max(names, key=lambda name: [int(part) for part in name.removesuffix(suffix).split(".")])
