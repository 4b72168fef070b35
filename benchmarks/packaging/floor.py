"""The least that anybody could do: `python -m benchmarks.packaging.floor PAYLOADS OUTPUTS SCRATCH`.

One pass of a compressor over the payload, the digests of inputs and outputs, and writing the outputs (those of
an earlier run of ours, as they are), each on all cores. Prints one line of JSON with the seconds of each part, the
less of two passes: on virtual machines memory that nobody has used for some time is slow at its first use.
"""

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from deflate import deflate_compress
from zlib_ng import zlib_ng

from jesses.base.parallel import ordered_map
from jesses.package.compression import LEVEL

BLOCK: Final = 1 << 20
BATCH: Final = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("payloads", "outputs", "scratch"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()
    inputs = [path for path in arguments.payloads.rglob("*") if path.is_file()]
    outputs = [path for path in arguments.outputs.rglob("*") if path.is_file() and "spool" not in path.parts]
    packages = [path for path in outputs if path.suffix == ".rpm"]
    parts: dict[str, tuple[Callable[..., object], Iterable[object]]] = {
        "zlib-ng": (_deflated(_zlib_ng), _spans(inputs)),
        "libdeflate": (_deflated(lambda block: deflate_compress(block, LEVEL)), _spans(inputs)),
        "sha256 of inputs": (_digests("sha256"), _batches(inputs)),
        "md5 of inputs": (_digests("md5"), _batches(inputs)),
        "write and sha256 outputs": (lambda path: _copy(path, arguments.scratch), outputs),
        # What OCI and RPM ask for beyond: the digest of a layer before compression, and of an RPM's payload.
        "inner digests": (_digests("sha256"), _batches([*inputs, *packages])),
    }
    seconds = {}
    for name, (function, items) in parts.items():
        work = list(items)
        passes = []
        for _ in range(2):
            passes.append(_seconds(function, work))
            for path in arguments.scratch.iterdir():
                path.unlink()
        seconds[name] = min(passes)
    print(json.dumps(seconds))


def _seconds(function: Callable[..., object], work: list[object]) -> float:
    started = time.perf_counter()
    for _ in ordered_map(function, work):
        pass
    return time.perf_counter() - started


def _batches(paths: Iterable[Path]) -> Iterator[list[Path]]:
    """Large files alone, small ones together: a thread is not worth while for one of them."""
    small = []
    for path in paths:
        if path.stat().st_size > BLOCK:
            yield [path]
        else:
            small.append(path)
    yield from (small[start : start + BATCH] for start in range(0, len(small), BATCH))


def _spans(paths: Iterable[Path]) -> Iterator[list[tuple[Path, int]]]:
    """The same, with large files cut into blocks."""
    for batch in _batches(paths):
        if len(batch) == 1:
            yield from ([(batch[0], offset)] for offset in range(0, batch[0].stat().st_size, BLOCK))
        else:
            yield [(path, 0) for path in batch]


def _deflated(compress: Callable[[bytes], object]) -> Callable[[list[tuple[Path, int]]], None]:
    def work(spans: list[tuple[Path, int]]) -> None:
        for path, offset in spans:
            with path.open("rb", buffering=0) as stream:
                stream.seek(offset)
                compress(stream.read(BLOCK))

    return work


def _digests(name: str) -> Callable[[list[Path]], None]:
    def work(paths: list[Path]) -> None:
        for path in paths:
            digest = hashlib.new(name, usedforsecurity=False)
            for block in _read(path):
                digest.update(block)

    return work


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as stream:
        while block := stream.read(BLOCK):
            yield block


def _zlib_ng(block: bytes) -> None:
    compressor = zlib_ng.compressobj(LEVEL, zlib_ng.DEFLATED, -zlib_ng.MAX_WBITS)
    compressor.compress(block)
    compressor.flush(zlib_ng.Z_FULL_FLUSH)


def _copy(source: Path, directory: Path) -> None:
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=directory, buffering=0, delete=False) as out:
        for block in _read(source):
            out.write(block)
            digest.update(block)


if __name__ == "__main__":
    main()
