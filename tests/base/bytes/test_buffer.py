import pytest

from jesses.base.bytes.buffer import buffer


@pytest.mark.parametrize("size", [1, 100, 256 << 10, (4 << 20) + 1])
def test_there_is_as_much_room_as_was_asked_for(size: int) -> None:
    room = buffer(size)
    room[-1] = 7
    assert (len(room), room[size - 1]) == (size, 7)
