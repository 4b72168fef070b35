import pytest

from tests.version.fake_history import FakeHistory


@pytest.fixture
def history() -> FakeHistory:
    """A product with its first release of both lines on main."""
    made = FakeHistory()
    made.change("driver/a.c", "userspace/a.c", API_VERSION="1.0.0", SCHEMA_VERSION="1.0.0")
    return made
