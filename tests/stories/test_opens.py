"""How often a run opens what a build staged: reading is what packing large payloads waits for."""

import os
import random
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jesses.base.runner import Command
from jesses.package.compression import INLINE, STRETCH
from tests.support.hawk import PROJECT, Bench, FakeRunner
from tests.support.paths import ELF

MOST = 3
"""To see whether it is a program, to pack it, to digest the layer of an image before compression."""

PRODUCT = (
    PROJECT
    + """
[components.userspace]
[builds.agent]
component = "userspace"
command = ["make-it"]
architectures = ["x86_64"]
[packages.hawk]
component = "userspace"
build = "agent"
description = "A hawk."
debug = true
contents = [
    { path = "/usr", staged = "usr" },
    { path = "/usr/share/man/man1/hawk.1.gz", staged = "hawk.1", gzip = true, formats = ["deb", "rpm"] },
    { path = "/usr/share/doc/hawk/copyright", source = "copyright", formats = ["deb", "rpm"] },
    { path = "/usr/share/doc/hawk/README", source = "copyright", formats = ["tarball"] },
]
[images.hawk]
component = "userspace"
build = "agent"
contents = [{ path = "/usr", staged = "usr" }]
"""
)

STAGED = {"empty": 0, "small": 100, "medium": INLINE + 5, "larger": 100_000, "large": 2 * STRETCH + 5}


@dataclass
class Opened:
    """Counts the files that are opened below `directory`, while there is one."""

    directory: Path | None = None
    times: Counter[str] = field(default_factory=Counter)

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        if event == "open" and self.directory and str(args[0]).startswith(f"{self.directory}/"):
            self.times[str(args[0])] += 1

    @contextmanager
    def below(self, directory: Path) -> Iterator[Counter[str]]:
        self.directory, self.times = directory, Counter()
        try:
            yield self.times
        finally:
            self.directory = None


_opened = Opened()
sys.addaudithook(_opened)


@dataclass
class StagingRunner(FakeRunner):
    """Stages files of several sizes and a program with debug information, outside of the workspace."""

    tree: Path = Path()

    def __call__(self, command: Command) -> None:
        shutil.copytree(self.tree, command.env["JESSES_STAGE"], dirs_exist_ok=True, copy_function=os.link)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    directory, tree = tmp_path / "hawk", tmp_path / "tree"
    (tree / "usr/bin").mkdir(parents=True)
    directory.mkdir()
    (directory / "release.toml").write_text(PRODUCT)
    (directory / "copyright").write_text("MIT\n")
    for number, (name, size) in enumerate(STAGED.items()):
        (tree / "usr" / name).write_bytes(random.Random(number).randbytes(size))  # noqa: S311
    (tree / "hawk.1").write_text(".TH hawk 1\n")
    shutil.copy(ELF / "static-x86_64", tree / "usr/bin/hawk")
    return Bench(directory=directory, dist=tmp_path / "dist", runner=StagingRunner(tree=tree))


def test_a_staged_file_is_opened_three_times_at_most(bench: Bench) -> None:
    with _opened.below(bench.dist.parent) as times:
        bench.run()
    staged = [path for path in times if "/staged/" in path]
    assert len(staged) == len(STAGED) + 2
    assert {path: count for path, count in times.items() if count > MOST} == {}
