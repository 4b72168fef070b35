"""Where the last block of a deflate stream lies, by bits: no Python binding tells.

zlib-ng's `inflate` stops between blocks when asked to (`Z_BLOCK` in zlib.h); its wheel exports the C functions.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from zlib_ng import zlib_ng

from jesses.base.errors import EngineError

_OK: Final = 0
_STREAM_END: Final = 1
_BLOCK: Final = 5
# In `data_type` after a stop: bits of the last byte that are not used yet, and whether the block was the last.
_UNUSED_BITS: Final = 63
_WAS_LAST: Final = 64
_FIX: Final = "install what requirements/release.txt locks"


class _Stream(ctypes.Structure):
    """`zng_stream` of zlib-ng.h."""

    _fields_ = (
        ("next_in", ctypes.c_void_p),
        ("avail_in", ctypes.c_uint32),
        ("total_in", ctypes.c_size_t),
        ("next_out", ctypes.c_void_p),
        ("avail_out", ctypes.c_uint32),
        ("total_out", ctypes.c_size_t),
        ("msg", ctypes.c_char_p),
        ("state", ctypes.c_void_p),
        ("zalloc", ctypes.c_void_p),
        ("zfree", ctypes.c_void_p),
        ("opaque", ctypes.c_void_p),
        ("data_type", ctypes.c_int),
        ("adler", ctypes.c_uint32),
        ("reserved", ctypes.c_ulong),
    )


@dataclass(frozen=True, kw_only=True)
class DeflateBlock:
    """A block of a stream: the bits from `start`, where its header is, to `end`."""

    start: int
    end: int


def last(stream: bytearray, plain: bytes | memoryview) -> DeflateBlock:
    """The last block of the raw deflate `stream`, which decompresses to `plain`.

    Raises:
        EngineError: it does not.

    """
    out = bytearray(len(plain) + 1)
    state = _Stream(
        next_in=_address(stream), avail_in=len(stream), next_out=_address(out), avail_out=len(out)
    )
    _check(_init(ctypes.byref(state), -zlib_ng.MAX_WBITS))
    try:
        found = _walk(state)
    finally:
        _end(ctypes.byref(state))
    if state.total_out != len(plain) or not out.startswith(plain):
        raise EngineError("a content was compressed wrongly", fix=_FIX)
    return found


def _walk(state: _Stream) -> DeflateBlock:
    start = end = 0
    while True:
        _check(_inflate(ctypes.byref(state), _BLOCK))
        start, end = end, 8 * state.total_in - (state.data_type & _UNUSED_BITS)
        if state.data_type & _WAS_LAST:
            return DeflateBlock(start=start, end=end)


def _check(status: int) -> None:
    if status not in {_OK, _STREAM_END}:
        raise EngineError(f"a compressed content cannot be read back (zlib-ng says {status})", fix=_FIX)


def _address(buffer: bytearray) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


def _function(name: str, *arguments: Any) -> Callable[..., int]:  # noqa: ANN401 -- what ctypes has
    try:
        function = getattr(ctypes.CDLL(zlib_ng.__file__), name)
    except AttributeError:
        raise EngineError(f"the installed zlib-ng does not export {name}", fix=_FIX) from None
    function.argtypes, function.restype = arguments, ctypes.c_int
    return cast("Callable[..., int]", function)


_STREAM: Final = ctypes.POINTER(_Stream)
_init: Final = _function("zng_inflateInit2", _STREAM, ctypes.c_int32)
_inflate: Final = _function("zng_inflate", _STREAM, ctypes.c_int32)
_end: Final = _function("zng_inflateEnd", _STREAM)
