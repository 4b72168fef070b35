import io

from jesses.base.bytes.span import Span


def test_a_part_ends_where_it_should() -> None:
    source = io.BytesIO(b"before-part-after")
    source.seek(7)
    part = Span(source, 4)
    assert part.readall() == b"part"
    assert source.read() == b"-after"


def test_a_part_that_is_cut_ends_with_its_source() -> None:
    assert Span(io.BytesIO(b"short"), 9).readall() == b"short"
