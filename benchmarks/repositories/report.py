"""What was measured: as data, as a table with the limits, and as a plot."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from benchmarks.repositories.peers import Cost

LIMITS: Final[Mapping[tuple[str, bool], int]] = {
    ("apt", False): 8,
    ("apt", True): 15,
    ("yum", False): 12,
    ("yum", True): 19,
}
"""The most requests beside one PUT for each package file, without and with plain copies."""

MOST_MIB: Final = 250
_ADOPT: Final = {"apt": "apt-ftparchive", "yum": "createrepo_c"}
# It keeps one version of each package.
_UNFIT: Final = frozenset({"reprepro"})

Key = tuple[str, str, str, int]
"""What was done (make, add), the kind of repository, the tool, and how many packages there were."""


@dataclass
class Results:
    costs: dict[Key, list[Cost]] = field(default_factory=lambda: defaultdict(list))
    wire: dict[tuple[str, int, bool], dict[str, Any]] = field(default_factory=dict)
    peers_wire: dict[tuple[str, int], tuple[Cost, int]] = field(default_factory=dict)

    def record(self, what: str, kind: str, tool: str, size: int, cost: Cost) -> None:
        self.costs[what, kind, tool, size].append(cost)

    def on_s3(self, kind: str, size: int, found: dict[str, Any], *, copies: bool) -> None:
        self.wire[kind, size, copies] = found

    def peer_on_s3(self, tool: str, size: int, cost: Cost, requests: int) -> None:
        self.peers_wire[tool, size] = cost, requests

    def seconds(self, what: str, kind: str, tool: str, size: int) -> float:
        return median(cost.seconds for cost in self.costs[what, kind, tool, size])

    def peak(self, kind: str, tool: str, size: int) -> float:
        found = [
            cost.peak_mib
            for key, costs in self.costs.items()
            if key[1:] == (kind, tool, size)
            for cost in costs
        ]
        return max(found)

    def data(self) -> dict[str, Any]:
        return {
            "local": [
                {
                    "what": what,
                    "kind": kind,
                    "tool": tool,
                    "packages": size,
                    "seconds": [round(cost.seconds, 4) for cost in costs],
                    "peak_mib": round(max(cost.peak_mib for cost in costs), 1),
                }
                for (what, kind, tool, size), costs in self.costs.items()
            ],
            "s3": [
                {"kind": kind, "packages": size, "copies": copies, **found}
                for (kind, size, copies), found in self.wire.items()
            ],
            "s3_peers": [
                {"tool": tool, "packages": size, "seconds": cost.seconds, "requests": requests}
                for (tool, size), (cost, requests) in self.peers_wire.items()
            ],
            "checks": [{"what": what, "is": found, "limit": limit} for what, found, limit in self.checks()],
        }

    def checks(self) -> Iterator[tuple[str, float, float]]:
        """Each limit: what is looked at, what it is, and the most that it may be."""
        for (kind, size, copies), found in self.wire.items():
            name = f"{kind}, {size}, requests{' with copies' if copies else ''}"
            yield name, found["requests"], LIMITS[kind, copies]
        for what, kind, tool, size in list(self.costs):
            if (what, tool) == ("add", "ours"):
                yield f"{kind}, {size}, seconds : fastest peer's", *self._beside_fastest(kind, size)
                peer = _ADOPT[kind]
                adopted = self.seconds("make", kind, "ours", size)
                yield (
                    f"{kind}, {size}, adopting : {peer}",
                    adopted / self.seconds("make", kind, peer, size),
                    3,
                )
                yield f"{kind}, {size}, peak MiB", self.peak(kind, "ours", size), MOST_MIB

    def _beside_fastest(self, kind: str, size: int) -> tuple[float, float]:
        others = {
            tool: self.seconds("add", kind, tool, size)
            for what, found, tool, packages in self.costs
            if (what, found, packages) == ("add", kind, size) and tool not in {"ours", *_UNFIT}
        }
        return self.seconds("add", kind, "ours", size) / min(others.values()), 1


def table(results: Results) -> str:
    """Everything, for people."""
    return "\n".join((*_local(results), "", *_wire(results), "", *_checks(results)))


def _local(results: Results) -> Iterator[str]:
    yield f"{'':<6} {'tool':<16} {'packages':>9} {'make or adopt':>14} {'add, median':>12} {'least':>8} {'MiB':>6}"
    for what, kind, tool, size in results.costs:
        if what == "add":
            adding = [cost.seconds for cost in results.costs["add", kind, tool, size]]
            made = results.seconds("make", kind, tool, size)
            peak = results.peak(kind, tool, size)
            times = f"{made:>14.2f} {median(adding):>12.3f} {min(adding):>8.3f}"
            yield f"{kind:<6} {tool:<16} {size:>9} {times} {f'{peak:.0f}' if peak else '-':>6}"


def _wire(results: Results) -> Iterator[str]:
    yield f"{'on S3':<24} {'packages':>9} {'requests':>9} {'sent':>12} {'received':>12} {'of it packages':>15}"
    for (kind, size, copies), found in results.wire.items():
        name = f"{kind}{', with copies' if copies else ''}"
        yield (
            f"{name:<24} {size:>9} {found['requests']:>9} {found['sent']:>12,} {found['received']:>12,}"
            f" {found['packages']:>15,}"
        )
    for (tool, size), (_, requests) in results.peers_wire.items():
        yield f"{tool:<24} {size:>9} {requests:>9}"


def _checks(results: Results) -> Iterator[str]:
    yield f"{'limit':<48} {'is':>9} {'at most':>9}"
    for what, found, limit in results.checks():
        yield f"{what:<48} {found:>9.2f} {limit:>9.2f}  {'' if found <= limit else 'over'}".rstrip()


# The plot: three small diagrams, without a library.

_WIDTH, _HEIGHT, _MARGIN = 300, 200, 50
_COLOURS: Final = ("#1b6ca8", "#c8553d", "#588157", "#8338ec", "#6c757d")


def plot(results: Results) -> str:
    """Requests, bytes and seconds against the size of the repository, as SVG."""
    series: dict[str, dict[str, list[tuple[int, float]]]] = {
        "requests": defaultdict(list),
        "MB on the wire": defaultdict(list),
        "seconds, local": defaultdict(list),
    }
    for (kind, size, copies), found in results.wire.items():
        name = f"{kind}{' + copies' if copies else ''}"
        series["requests"][name].append((size, found["requests"]))
        series["MB on the wire"][name].append((size, (found["sent"] + found["received"]) / 1e6))
    for what, kind, tool, size in results.costs:
        if what == "add":
            seconds = results.seconds("add", kind, tool, size)
            series["seconds, local"][f"{kind}: {tool}"].append((size, seconds))
    parts = [
        _diagram(title, lines, _MARGIN + number * (_WIDTH + 2 * _MARGIN))
        for number, (title, lines) in enumerate(series.items())
    ]
    width, height = len(parts) * (_WIDTH + 2 * _MARGIN), _HEIGHT + 5 * _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif"'
        f' font-size="11">\n{"".join(parts)}</svg>\n'
    )


def _diagram(title: str, lines: Mapping[str, list[tuple[int, float]]], left: int) -> str:
    points = [point for line in lines.values() for point in line]
    widest, highest = max(x for x, _ in points), max(y for _, y in points) or 1
    top = _MARGIN

    def place(x: float, y: float) -> tuple[float, float]:
        return left + x / widest * _WIDTH, top + _HEIGHT - y / highest * _HEIGHT

    out = [
        f'<text x="{left}" y="{top - 20}" font-size="14">{title}</text>\n',
        f'<path d="M{left},{top} V{top + _HEIGHT} H{left + _WIDTH}" fill="none" stroke="black"/>\n',
        f'<text x="{left - 5}" y="{top + 5}" text-anchor="end">{highest:.3g}</text>\n',
        *(
            f'<text x="{place(x, 0)[0]:.0f}" y="{top + _HEIGHT + 15}" text-anchor="middle">{x}</text>\n'
            for x in sorted({x for x, _ in points})
        ),
    ]
    for number, (name, line) in enumerate(sorted(lines.items())):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join("{:.1f},{:.1f}".format(*place(x, y)) for x, y in sorted(line))
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}"/>\n')
        y = top + _HEIGHT + 35 + 15 * number
        out.append(f'<text x="{left}" y="{y}" fill="{colour}">{name}</text>\n')
    return "".join(out)
