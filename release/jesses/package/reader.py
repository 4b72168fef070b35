"""Reads the payloads of a run: what several packages and images have in common is looked at once."""

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TypeVar

from jesses.base.payload import Entry, Payload
from jesses.config import Contents
from jesses.package import elf
from jesses.package.contents import resolve
from jesses.package.elf import Elf, binaries, debug_information
from jesses.package.elf.binaries import Binary

T = TypeVar("T")


class PayloadReader:
    """Finds the files that contents name, and reads the programs among them; one thread asks.

    What was found is remembered: staged trees and sources stay as they are while packages are made.
    """

    def __init__(self) -> None:
        self._entries: dict[Hashable, tuple[Entry, ...]] = {}
        self._payloads: dict[Hashable, Payload] = {}
        self._programs: dict[str, Elf | None] = {}

    def payload(
        self, contents: tuple[Contents, ...], *, sources: Path, staged: Path, version: str
    ) -> Payload:
        """What `contents` name in the repository (`sources`) and a staged tree (`staged`).

        Raises:
            PayloadError: something is missing, or the paths contradict each other.

        """

        def entries(wanted: Contents) -> tuple[Entry, ...]:
            found = resolve([wanted], sources=sources, staged=staged, version=version)
            return _remembered(self._entries, (wanted, *origin), lambda: tuple(found))

        origin = (sources, staged, version)
        return _remembered(
            self._payloads,
            (contents, *origin),
            lambda: Payload.of(entry for wanted in contents for entry in entries(wanted)),
        )

    def programs(self, payload: Payload, *, split: Path | None = None) -> tuple[Binary, ...]:
        """The ELF files of `payload`. Those with debug information are split into the directory `split`.

        Raises:
            PayloadError: one is damaged or cannot be read.

        """
        return binaries.binaries(payload, lambda path: self._program(path, split))

    def separate(self, payload: Payload, scratch: Path) -> tuple[Payload, Payload]:
        """As `debug_information.separate`."""
        return debug_information.separate(payload, scratch, lambda path: self._program(path, None))

    def _program(self, path: str, split: Path | None) -> Elf | None:
        if path not in self._programs:
            with elf.opened(path) as data:
                found = self._programs[path] = elf.parse(path, data) if data else None
                # While it is open: debug information is most of a large program.
                if data and split and debug_information.is_separable(found) and found.build_id:
                    debug_information.split(Path(path), found, data, split)
        return self._programs[path]


def _remembered(known: dict[Hashable, T], key: Hashable, make: Callable[[], T]) -> T:
    if key not in known:
        known[key] = make()
    return known[key]
