"""Progress and the report of a release on the terminal."""

import os
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.table import Table

from jesses.base.secrets import Secrets
from jesses.channel.operations.assembly import OperationResult
from jesses.pipeline.doctor import Finding
from jesses.pipeline.options import Options
from jesses.pipeline.session import Part, Report, release
from jesses.plan.product import Product
from jesses.stores.dry_run import StoreChange
from jesses.tasks import tables

_WIDE = 160
_LONG = 4 << 20
_UNITS = ("B", "kB", "MB", "GB")


class TerminalNarrator:
    """Says on stderr how a run goes on."""

    def __init__(
        self, *, verbose: bool, console: Console | None = None, environment: Mapping[str, str] = os.environ
    ) -> None:
        self._hide = Secrets.of(environment).hide
        self._console = console or _console(stderr=True)
        self._verbose = verbose
        self._bars: Progress | None = None
        self._uploads: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Give the terminal back, whatever happened."""
        if self._bars:
            self._bars.stop()
            self._bars = None
            self._uploads = {}

    def step(self, name: str) -> None:
        self._console.print(f"[bold]{name}[/bold]")

    def progress(self, text: str) -> None:
        self._console.print(f"  {self._hide(text)}", markup=False)

    def command(self, line: str) -> None:
        if self._verbose:
            self._console.print(f"  $ {line}", markup=False)

    def upload(self, key: str, sent: int, total: int) -> None:
        """A bar on a terminal for each long upload; a log says nothing of its progress."""
        if not self._console.is_terminal or total < _LONG:
            return
        with self._lock:
            if self._bars is None:
                self._bars = _bars(self._console)
                self._bars.start()
            if key not in self._uploads:
                self._uploads[key] = self._bars.add_task(key, total=total)
            self._bars.update(self._uploads[key], completed=sent)
            if self._bars.finished:
                self.close()


def released(
    product: Product, dist: str, options: Options, *, verbose: bool, part: Part | None = None
) -> Report:
    """Release a product, or do a part of it, and say on the terminal how it goes on."""
    with closing(TerminalNarrator(verbose=verbose)) as narrator:
        return release(product, Path(dist), options, narrator, part=part)


def show(value: Report, *, json: bool) -> None:
    """Print what a release made, as tables or as JSON."""
    tables.data(value.as_data()) if json else report(value)


def checks(values: Iterable[Finding]) -> None:
    table = _table("", "what", "found", "without it")
    for check in values:
        mark = "ok" if check.present else "missing" if check.required else "-"
        table.add_row(mark, check.name, check.detail, "" if check.present else check.disables)
    _console().print(table)


def report(value: Report) -> None:
    console = _console()
    table = _table("artifact", "kind", "component", "size", "sha256")
    for artifact in value.artifacts:
        name = str(artifact.path.relative_to(value.dist))
        table.add_row(name, artifact.kind, artifact.component, size(artifact.size), artifact.sha256[:12])
    console.print(table)
    for publication in value.publications:
        console.print(
            f"{publication.publisher}: {publication.location} "
            f"({publication.uploaded} new, {publication.present} there already)",
            soft_wrap=True,
        )
        _lines(console, publication.instructions)
    if value.changes is not None:
        changes(console, value.changes)
        return
    if value.publications and not any(publication.uploaded for publication in value.publications):
        console.print("nothing was new: all of it is published already")
    for image in value.plan.images:
        if image.skipped:
            console.print(f"{image.name} is skipped: {image.skipped}", soft_wrap=True)
    archives = [artifact.path for artifact in value.artifacts if artifact.kind == "image-archive"]
    if archives:
        console.print("images: one of these loads an image (podman load takes the same archives)")
        _lines(console, [f"docker load --input {path}" for path in archives])
    if value.signing_key:
        kind = "an ephemeral key, made for this run" if value.ephemeral_key else "the configured key"
        console.print(f"signed with {kind}: {value.signing_key}", soft_wrap=True)
    else:
        console.print("nothing is signed (--no-sign)")


def changes(console: Console, values: Sequence[StoreChange]) -> None:
    console.print(f"nothing was changed (--dry-run); {len(values)} objects would be:")
    _changed(console, values, "would be")


def operation(value: OperationResult) -> None:
    console = _console()
    about = ", ".join(value.versions) or "no version"
    console.print(f"{value.channel}: {about}", soft_wrap=True)
    if value.dry_run:
        changes(console, value.changes)
    elif value.changes:
        _changed(console, value.changes, "was")
    else:
        console.print("nothing was changed: there was nothing to do")


def _changed(console: Console, values: Sequence[StoreChange], what: str) -> None:
    table = _table("object", what, "size")
    for change in values:
        table.add_row(change.key, change.kind, size(change.size))
    console.print(table)


def size(count: float) -> str:
    """A size for people.

    >>> size(1_234_567)
    '1.2 MB'
    """
    for unit in _UNITS:
        if count < 1000 or unit == _UNITS[-1]:  # noqa: PLR2004
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"


def _bars(console: Console) -> Progress:
    columns = (TextColumn("  {task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, console=console, transient=True)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _lines(console: Console, lines: Iterable[str]) -> None:
    for line in lines:
        console.print(f"    {line}", soft_wrap=True, markup=False)


def _console(*, stderr: bool = False) -> Console:
    # Piped into a file or a CI log, a table need not fit 80 columns.
    width = None if (sys.stderr if stderr else sys.stdout).isatty() else _WIDE
    return Console(stderr=stderr, highlight=False, width=width)
