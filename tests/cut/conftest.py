from pathlib import Path

import pytest

from tests.cut.remote import Maintainer, Remote


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path)


@pytest.fixture
def ada(remote: Remote) -> Maintainer:
    return remote.maintainer("ada")
