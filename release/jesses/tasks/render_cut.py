"""A cut and the state of releases on the terminal."""

import sys
from collections.abc import Sequence

from jesses.base.errors import CutError
from jesses.cut.apply import CutResult
from jesses.cut.plan import CutPlan
from jesses.cut.status import Status
from jesses.tasks import tables


def plan(value: CutPlan) -> None:
    if value.tags:
        rows = [
            (planned.component, planned.tag, planned.follows or "-", "\n".join(planned.why))
            for planned in value.tags
        ]
        _show(("component", "tag", "after", "why"), rows)
        verb = "new branch" if value.creates_branch else "branch"
        _say(f"{verb} {value.branch}, from {value.start[:7]}; led by {value.manager}")
    for pick in value.picks:
        _say(f"  backport {pick.sha[:7]} {pick.message.partition(chr(10))[0]}")
    for planned in value.tags:
        _say(f"\n{planned.section}")
    checks = [
        (check.name, check.state, f"{check.detail}\ncure: {check.cure}" if check.cure else check.detail)
        for check in value.checks
    ]
    _show(("check", "", "found"), checks)
    if value.updates:
        updates = [(update.ref, (update.old or "-")[:7], update.new[:7]) for update in value.updates]
        _show(("will be pushed", "now", "then"), updates)
    for branch in value.pulls:
        _say(f"then a pull request from {branch} to {value.main}")


def confirm(value: CutPlan, rerun: str) -> None:
    """Ask; raises `CutError` where the answer is not yes, or nobody can be asked."""
    if not sys.stdin.isatty():
        raise CutError("nobody is there to be asked, so nothing was pushed", fix=f"{rerun} --yes")
    sys.stdout.write(f"Push {value.title}? [y/N] ")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CutError("not confirmed, so nothing was pushed", fix=f"to go on: {rerun}")


def announce(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def outcome(value: CutPlan, done: CutResult) -> None:
    for ref in done.pushed:
        _say(f"pushed {ref}")
    for url in done.pulls:
        _say(f"opened {url}")
    if value.bring_back and not done.pulls:
        _say(f"merge {value.bring_back} into {value.main}: it brings the changelog back")
    if value.tags:
        _say("CI builds and publishes what was tagged; `invoke release.status` tells how far it is")


def status(value: Status) -> None:
    rows = [
        (
            line.component,
            line.latest or "-",
            line.under_way or "-",
            f"{line.branch} at {line.commit[:7]}" if line.branch and line.commit else "-",
        )
        for line in value.components
    ]
    _show(("component", "latest", "under way", "branch"), rows)
    files = [
        (file.name, file.place, file.state, (file.sha256 or "-")[:12])
        for line in value.components
        for file in line.files
    ]
    if files:
        _show(("file", "where", "state", "sha256"), files)
    for text in value.unfinished:
        _say(text)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _show(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    tables.show(head, rows)
    _say("")
