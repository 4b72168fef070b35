"""What a plan looks like on the terminal. Plain text, and nothing imported that a plan does not need."""

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jesses.plan.plan import Plan
from jesses.plan.versions import ComponentVersion

if TYPE_CHECKING:
    from jesses.channel.survey import RemoteObject

_GAP = "  "
_NARROWEST = 20


def data(value: Any) -> None:  # noqa: ANN401
    """JSON on stdout."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def versions(values: Mapping[str, ComponentVersion]) -> None:
    rows = [(name, str(value.version), "\n".join(value.reasons)) for name, value in values.items()]
    show(("component", "version", "why"), rows)


def plan(value: Plan) -> None:
    versions(value.versions)
    sys.stdout.write("\n")
    show(("package or image", "kind", "component", "goes to"), list(_planned(value)))


def remote(value: Plan, objects: Sequence["RemoteObject"]) -> None:
    plan(value)
    sys.stdout.write("\n")
    rows = [(found.key, found.state, found.why) for found in objects]
    show(("object", "remote", "why"), rows)


def _planned(value: Plan) -> Iterator[tuple[str, str, str, str]]:
    for package in value.packages:
        takers = [taker for taker in value.destinations if package.kind in taker.takes]
        goes_to = ", ".join(f"{taker.publisher} ({taker.location}/)" for taker in takers)
        known = ", where it is already" if package.released else ""
        yield package.file_name, package.kind, package.component, goes_to + known
    registries = [taker.location for taker in value.destinations if "image" in taker.takes]
    for image in value.images:
        goes_to = f"skipped: {image.skipped}" if image.skipped else ", ".join(("the output", *registries))
        yield image.name, f"image for {', '.join(image.archives)}", image.component, goes_to


def show(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; on a terminal its last column is folded to fit."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    sys.stdout.writelines(f"{line}\n" for line in table([head, *rows], width))


def table(rows: Sequence[Sequence[str]], width: int | None = None) -> Iterator[str]:
    r"""The lines of a table; cells may have several lines, and the last ones are folded to `width`.

    >>> list(table([("name", "why"), ("driver", "a tag\nis here")]))
    ['name    why', 'driver  a tag', '        is here']
    >>> list(table([("a", "one two three four five")], width=23))
    ['a  one two three four', '   five']
    """
    widths = [
        max(len(line) for cell in column for line in cell.splitlines() or [""])
        for column in zip(*rows, strict=True)
    ]
    if width:
        before = sum(widths[:-1]) + len(_GAP) * (len(widths) - 1)
        widths[-1] = max(width - before, _NARROWEST)
    for row in rows:
        cells = [cell.splitlines() or [""] for cell in row]
        cells[-1] = [part for line in cells[-1] for part in _folded(line, widths[-1])]
        yield from _side_by_side(cells, widths)


def _folded(line: str, width: int) -> list[str]:
    return textwrap.wrap(line, width, break_on_hyphens=False) or [""]


def _side_by_side(cells: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    for at in range(max(map(len, cells))):
        parts = [cell[at] if at < len(cell) else "" for cell in cells]
        padded = (part.ljust(width) for part, width in zip(parts, widths, strict=True))
        yield _GAP.join(padded).rstrip()
