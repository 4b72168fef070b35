"""Memory that files are read into."""

import mmap
from typing import Final

_PAGES: Final = 256 << 10
"""Fewer bytes are read sooner than the kernel is asked for pages."""


def buffer(size: int) -> memoryview:
    """`size` bytes of new memory; where they are many, they begin at a page.

    Kernels copy there three times as fast as to what `bytearray` has, which begins 16 bytes behind one
    (`docs/benchmarks.md`, "Packaging").
    """
    return memoryview(bytearray(size) if size < _PAGES else mmap.mmap(-1, size))
