"""Which versions are pruned: pure rules."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from semver import Version

from jesses.base.errors import ConfigError
from jesses.base.naming.moving_tags import rank
from jesses.channel.operations.opened import DAY

Named = tuple[str, Version]
"""A component and its version."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a channel keeps: so many versions of each component, of so many days, in so many bytes."""

    keep: int | None = None
    days: float | None = None
    size: int | None = None


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A version in a channel: since when (seconds since 1970 UTC), and how large (bytes)."""

    component: str
    version: Version
    published: int
    size: int

    @property
    def name(self) -> Named:
        return self.component, self.version


def newest(candidates: Sequence[Candidate]) -> set[Named]:
    """The highest version of each component."""
    highest: dict[str, Candidate] = {}
    for each in candidates:
        if each.component not in highest or rank(each.version) > rank(highest[each.component].version):
            highest[each.component] = each
    return {each.name for each in highest.values()}


def surplus(
    candidates: Sequence[Candidate], limits: Limits, *, needed: Collection[Named], now: float
) -> list[Candidate]:
    """What is beyond `limits` and not `needed`, the oldest first.

    >>> old, new = (
    ...     Candidate(component="agent", version=Version(minor), published=minor, size=10) for minor in (1, 2)
    ... )
    >>> [str(each.version) for each in surplus([new, old], Limits(keep=1), needed=(), now=3)]
    ['1.0.0']
    """
    kept = {*needed, *newest(candidates)}
    gone = {each.name for each in _beyond_count(candidates, limits.keep)}
    if limits.days is not None:
        gone |= {each.name for each in candidates if now - each.published > limits.days * DAY}
    oldest_first = sorted(candidates, key=lambda each: (each.published, rank(each.version), each.component))
    left = sum(each.size for each in candidates if each.name not in gone - kept)
    for each in oldest_first:
        if limits.size is not None and left > limits.size and each.name not in kept | gone:
            gone.add(each.name)
            left -= each.size
    return [each for each in oldest_first if each.name in gone - kept]


def _beyond_count(candidates: Sequence[Candidate], keep: int | None) -> Iterator[Candidate]:
    if keep is None:
        return
    for component in {each.component for each in candidates}:
        own = [each for each in candidates if each.component == component]
        yield from sorted(own, key=lambda each: rank(each.version), reverse=True)[keep:]


_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?B|)")


def parse_limits(*, keep: str = "", days: str = "", size: str = "") -> Limits:
    """Limits as they are typed; empty ones are none.

    >>> parse_limits(keep="5", size="1.5GB")
    Limits(keep=5, days=None, size=1500000000)

    Raises:
        ConfigError: one of them is no number, or would keep nothing.

    """
    found = _SIZE.fullmatch(size.upper())
    try:
        limits = Limits(keep=int(keep) if keep else None, days=float(days) if days else None)
    except ValueError:
        limits = Limits(keep=0)
    if (size and not found) or limits.keep == 0 or (limits.keep or 0) < 0 or (limits.days or 0) < 0:
        raise ConfigError(
            f"these are no limits: keep {keep!r}, days {days!r}, size {size!r}",
            fix="such as --keep 20 --days 90 --size 50GB",
        )
    return replace(limits, size=int(float(found[1]) * _UNITS[found[2]]) if size and found else None)
