"""Compress a content once, use it in every package.

A deflate stream may be put together from parts that were compressed separately: each part starts without
history and ends on a byte boundary with no final block (RFC 1951, 3.2.3; what zlib calls a full flush), so it
means the same wherever it stands, and the CRC of the whole is computed from the CRCs of the parts. So a large
file is deflated once, in segments and on all cores, and the result is spliced into the tarball, the DEB, the
RPM and the image layer, and kept in a cache for the next run. What comes out is one ordinary gzip member
(RFC 1952).

`deflate.py` makes segments, `packer.py` reads contents and `large.py` the large ones, `raw.py` has what lies
between them, `spool.py` and `cache.py` keep all that, `gzip.py`, `zstd.py` and `xz.py` make streams of it.
"""

from jesses.package.compression.archive import Archive
from jesses.package.compression.cache import Cache
from jesses.package.compression.content import Packed
from jesses.package.compression.deflate import LEVEL, QUICK
from jesses.package.compression.gzip import gzipped
from jesses.package.compression.large import SEGMENT, STRETCH
from jesses.package.compression.packer import INLINE, Packer

__all__ = [
    "INLINE",
    "LEVEL",
    "QUICK",
    "SEGMENT",
    "STRETCH",
    "Archive",
    "Cache",
    "Packed",
    "Packer",
    "gzipped",
]
