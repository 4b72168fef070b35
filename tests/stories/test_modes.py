"""Who may read the output: everybody, whatever the umask of the machine that made it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from jesses.pipeline import order
from tests.support.apt_site import SIGNER
from tests.support.machines import Machines, product_in


@pytest.fixture
def secretive(tmp_path: Path) -> Iterator[Machines]:
    """Machines on which nobody may read what others write."""
    machines = product_in(tmp_path)
    machines.signer = SIGNER
    before = os.umask(0o077)
    yield machines
    os.umask(before)


def modes(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): oct(path.stat().st_mode & 0o777)
        for path in (directory, *directory.rglob("*"))
        if path.stat().st_mode & 0o777 != (0o755 if path.is_dir() else 0o644)
    }


def test_the_output_of_one_machine(secretive: Machines) -> None:
    secretive.run("dist", lambda context: order.run(context, announce=print))
    assert modes(secretive.root / "dist") == {}


def test_the_output_of_two_parts(secretive: Machines) -> None:
    secretive.build("x86_64", "aarch64", "noarch")
    assert modes(secretive.root / "x86_64-aarch64-noarch") == {}
    secretive.publish("x86_64-aarch64-noarch")
    assert modes(secretive.root / "dist") == {}
