"""What was measured, as a table and as data."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

PEER: Final = "nfpm"
"""The tool that the limits are about."""


@dataclass(frozen=True, kw_only=True)
class Results:
    """Seconds of every run by name, floors by part, output sizes in bytes, peaks in MiB."""

    seconds: dict[str, list[float]]
    floors: dict[str, list[float]]
    sizes: dict[str, dict[str, int]]
    peaks: dict[str, list[float]]
    scale: dict[int, tuple[float, float]] = field(default_factory=dict)

    def ours(self, name: str, run: dict[str, Any]) -> None:
        self.seconds[name].append(run["seconds"])
        self.peaks[name].append(run["peak_mib"])

    def outputs(self, name: str, directory: Path) -> None:
        for path in directory.iterdir():
            if path.suffix in {".deb", ".rpm", ".gz"}:
                self.sizes[name][path.name.replace(".tar", "")] = path.stat().st_size

    def floor(self, *parts: str) -> float:
        return sum(median(self.floors[part]) for part in parts)

    def data(self) -> dict[str, Any]:
        return {
            "seconds": self.seconds,
            "floor_seconds": self.floors,
            "sizes": self.sizes,
            "peak_mib": self.peaks,
            "scale": {size: {"seconds": s, "peak_mib": peak} for size, (s, peak) in self.scale.items()},
            "checks": [
                {"what": what, "ratio": ratio, "limit": limit} for what, ratio, limit in self.checks()
            ],
        }

    def checks(self) -> Iterator[tuple[str, float, float]]:
        """Each limit: what is compared, the ratio of medians, and the most that it may be."""
        first, second, following = (
            median(self.seconds[name]) for name in ("first", "second", "next version")
        )
        digests = ("sha256 of inputs", "md5 of inputs", "write and sha256 outputs")
        if self.seconds.get(PEER):
            yield "first : nfpm", first / median(self.seconds[PEER]), 1 / 5
            for arch in ("x86_64", "aarch64"):
                name = f"{arch}.deb"
                yield f"DEB : nfpm's, {arch}", self.sizes["ours"][name] / self.sizes[PEER][name], 1
        yield "first : floor with zlib-ng", first / self.floor("zlib-ng", *digests), 1.3
        yield "first : floor with libdeflate", first / self.floor("libdeflate", *digests), 1.3
        warm = ("sha256 of inputs", "write and sha256 outputs")
        for name, seconds in (("second", second), ("next version", following)):
            yield f"{name} : first", seconds / first, 1 / 4
            yield f"{name} : floor", seconds / self.floor(*warm), 1.5
            yield f"{name} : floor and inner digests", seconds / self.floor(*warm, "inner digests"), 1.5


def table(results: Results) -> str:
    """Everything, for people."""
    return "\n".join((*_times(results), "", *_sizes(results), "", *_checks(results), "", *_scale(results)))


def _times(results: Results) -> Iterator[str]:
    yield f"{'seconds':<26} {'median':>8} {'least':>8} {'most':>8}"
    for name, seconds in {**results.seconds, **results.floors}.items():
        kind = "floor: " if name in results.floors else ""
        yield f"{kind + name:<26} {median(seconds):>8.2f} {min(seconds):>8.2f} {max(seconds):>8.2f}"
    yield f"peak memory of ours: {max(map(max, results.peaks.values())):.0f} MiB"


def _sizes(results: Results) -> Iterator[str]:
    yield f"{'bytes':<12} {'x86_64.deb':>14} {'x86_64.rpm':>14} {'aarch64.deb':>14} {'aarch64.rpm':>14}"
    for name, sizes in results.sizes.items():
        cells = (sizes.get(f"{arch}.{kind}") for arch in ("x86_64", "aarch64") for kind in ("deb", "rpm"))
        yield f"{name:<12} " + " ".join(f"{size:>14,}" if size else f"{'-':>14}" for size in cells)


def _checks(results: Results) -> Iterator[str]:
    yield f"{'ratio':<40} {'is':>8} {'limit':>8}"
    for what, ratio, limit in results.checks():
        yield f"{what:<40} {ratio:>8.3f} {limit:>8.3f}  {'' if ratio <= limit else 'over'}".rstrip()


def _scale(results: Results) -> Iterator[str]:
    if results.scale:
        yield f"{'one architecture, MB':<22} {'seconds':>8} {'MB/s':>8} {'peak MiB':>9}"
    for size, (seconds, peak) in results.scale.items():
        yield f"{size:<22} {seconds:>8.2f} {size / seconds:>8.0f} {peak:>9.0f}"
