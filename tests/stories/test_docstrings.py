"""The examples in docstrings are true."""

import doctest
import importlib

import pytest

from tests.support.paths import ROOT

pytestmark = pytest.mark.process  # GitPython asks git for its version when it is imported

MODULES = [
    ".".join(path.relative_to(ROOT / "release").with_suffix("").parts)
    for path in sorted((ROOT / "release").rglob("*.py"))
    if ">>> " in path.read_text()
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted
    assert not result.failed
