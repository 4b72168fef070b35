"""A repository with as many commits and tags as one wants, made by `git fast-import` and kept in the cache."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SINCE: Final = 50
"""Commits since the last tag."""

CANDIDATES: Final = 3
START: Final = 1_500_000_000
RELEASE_TOML: Final = """\
[project]
name = "big"
summary = "A product with a long history"
homepage = "https://big.example.org/"
license = "MIT"
maintainer = "B <b@example.org>"
vendor = "B"

[components.userspace]
tag = "{version}"

[components.driver]
tag = "{version}+driver"
bump = "contract"
contract = ["driver/API_VERSION", "driver/SCHEMA_VERSION"]
paths = ["driver"]
"""
PYPROJECT_TOML: Final = """\
[project]
name = "big"
dynamic = ["version"]

[tool.setuptools_scm]

[tool.semantic_release]
tag_format = "{version}"
allow_zero_version = true

[tool.semantic_release.branches.main]
match = "main"
"""
FIRST: Final = {
    "release.toml": RELEASE_TOML,
    "pyproject.toml": PYPROJECT_TOML,
    "driver/API_VERSION": "1.0.0\n",
    "driver/SCHEMA_VERSION": "1.0.0\n",
}


def make(root: Path, *, commits: int, tags: int) -> Path:
    """The repository at `root`: one line of commits to 2,000 files of userspace and 20 of the driver.

    Of ten tags one is the driver's, three are release candidates; every other one is annotated.
    """
    if (root / "made").exists():
        return root
    root.mkdir(parents=True)
    _git(root, "init", "--quiet", "--initial-branch=main")
    _git(root, "remote", "add", "origin", "https://example.org/big/big.git")
    with tempfile.TemporaryFile("w+") as stream:
        stream.writelines(_stream(commits, commits // tags))
        stream.seek(0)
        subprocess.run(["git", "fast-import", "--quiet"], cwd=root, stdin=stream, check=True)
    _git(root, "pack-refs", "--all")
    _git(root, "reset", "--quiet", "--hard", "main")
    (root / ".git" / "info" / "exclude").write_text("made\n")
    (root / "made").touch()
    return root


def _stream(commits: int, every: int) -> Iterator[str]:
    for number in range(1, commits + 1):
        files = FIRST if number == 1 else {_file(number): f"{number}\n"}
        yield f"commit refs/heads/main\nmark :{number}\ncommitter {_who(number)}\n"
        yield _data(f"{'new' if number % 30 == 0 else 'fix'}: change {number}\n")
        for path, text in files.items():
            yield f"M 644 inline {path}\n{_data(text)}"
        if number % every == 0 and number <= commits - SINCE:
            yield _tag(number, number // every)


def _file(number: int) -> str:
    if number % 97 == 0:
        return f"driver/file{number % 20}"
    return f"userspace/directory{number % 50}/file{number % 2000}"


def _tag(commit: int, number: int) -> str:
    name = tag_name(number)
    if number % 2:
        return f"tag {name}\nfrom :{commit}\ntagger {_who(commit)}\n{_data('a release')}"
    return f"reset refs/tags/{name}\nfrom :{commit}\n\n"


def tag_name(number: int) -> str:
    """The tags in the order of their making: 0.1.0-rc.1, -rc.2, -rc.3, 0.1.0, ..., 0.1.5, 1.1.0+driver, ..."""
    minor, at = divmod(number, 10)
    if at == 0:
        return f"1.{minor}.0+driver"
    return f"0.{minor}.0-rc.{at}" if at <= CANDIDATES else f"0.{minor}.{at - CANDIDATES - 1}"


def _who(number: int) -> str:
    return f"B <b@example.org> {START + 60 * number} +0000"


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"


def _git(root: Path, *argv: str) -> None:
    subprocess.run(["git", *argv], cwd=root, check=True)
