from pathlib import Path

from zstandard import ZstdDecompressor, get_frame_parameters

from jesses.package.compression import SEGMENT, Packer
from tests.support.contents import a_file


def test_an_archive_is_one_frame_and_the_number_of_threads_does_not_show(tmp_path: Path) -> None:
    file = a_file(tmp_path / "f", 9 * SEGMENT + 5)
    outputs = []
    for threads in (1, 2, 3):
        with Packer(tmp_path / f"spool{threads}", threads=threads) as packer:
            writer = packer.archive("zstd")
            writer.write(b"head")
            writer.add(packer.pack(file))
            writer.write(b"tail")
            stream = writer.close()
            outputs.append(bytes(stream.rope))
    plain = b"head" + file.read_bytes() + b"tail"
    assert stream.plain_size == len(plain)
    assert get_frame_parameters(outputs[0]).has_checksum
    decompressor = ZstdDecompressor().decompressobj()
    assert decompressor.decompress(outputs[0]) == plain
    assert decompressor.eof
    assert decompressor.unused_data == b""  # no second frame
    assert outputs[0] == outputs[1] == outputs[2]
