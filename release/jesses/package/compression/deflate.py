"""Deflate segments: blocks for one piece of content that mean the same wherever they are spliced in.

libdeflate compresses (half of zlib-ng's time for a smaller result), but only whole streams, ended by a final
block. So the end is rewritten here: the last block loses its final bit, and an empty stored block follows,
which ends on a byte boundary (RFC 1951, 3.2.4), as zlib's `Z_FULL_FLUSH` does it.
"""

from importlib.metadata import version
from typing import Final

from deflate import deflate_compress

from jesses.package.compression import blocks

LEVEL: Final = 6
"""Of libdeflate, 1 to 12."""

QUICK: Final = 4
"""The level for what goes into one archive alone: seven tenths of the time, 3 % more bytes."""

IMPLEMENTATION: Final = "libdeflate"
"""What makes the segments, for whoever keeps them."""

ENDING: Final = 1
"""How segments are ended here; whoever changes that writes another number."""

END: Final = b"\x03\x00"
"""A final block without content (fixed Huffman codes, end of block): ends a stream of segments."""

_STORED_HEADER_BITS: Final = 3
_EMPTY_STORED: Final = b"\x00\x00\xff\xff"


def deflate(data: bytes | memoryview, level: int = LEVEL) -> bytes:
    """Deflate blocks for `data`, ending on a byte boundary, without history and without a final block.

    What was compressed has been decompressed again and compared.
    """
    stream = deflate_compress(data, level)
    last = blocks.last(stream, data)
    stream[last.start // 8] &= ~(1 << last.start % 8)
    if last.end + _STORED_HEADER_BITS > 8 * len(stream):
        stream.append(0)
    stream += _EMPTY_STORED
    return bytes(stream)


def implementation() -> str:
    """The name and version of what makes the bytes, and how they are ended: others may make others.

    The version is that of the package `deflate`, each of which brings its own libdeflate.
    """
    return f"{IMPLEMENTATION}-{version('deflate')}-{ENDING}"
