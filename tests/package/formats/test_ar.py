import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jesses.base.errors import FormatError
from jesses.package.formats import ar
from tests.support.deb_example import DATE, archive, parts


@given(st.dictionaries(st.text(string.ascii_lowercase, min_size=1, max_size=15), st.binary(max_size=99)))
def test_members_of_an_archive_come_back(members: dict[str, bytes]) -> None:
    assert parts(archive(members)) == members


def test_a_part_that_the_size_field_cannot_hold_is_refused() -> None:
    assert len(ar.header("data.tar.gz", size=10**10 - 1, date=DATE)) == 60
    with pytest.raises(FormatError, match="at most 9999999999"):
        ar.header("data.tar.gz", size=10**10, date=DATE)
