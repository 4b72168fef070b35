"""Kestrel in a git repository of its own, as a user has it, and jesses run on it as a user runs it."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.engines.engines import run
from tests.support.paths import ROOT
from tests.support.repository import Repository

KESTREL = ROOT / "examples" / "kestrel"
SITE_CHANNEL = '\n[channels.site]\nstore = "../site"\n'


@dataclass(frozen=True, kw_only=True)
class Product:
    """A copy of an example; `key` is an armored secret key that signs its releases."""

    repository: Repository
    key: str = ""
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def site(self) -> Path:
        """The store of the channel `site`."""
        return self.repository.root.parent / "site"

    def release(self, dist: Path, *options: str) -> str:
        """Release it; what the command printed."""
        return self.run("release", "--dist", str(dist), *options)

    def run(self, task: str, *options: str) -> str:
        """A task on it; what the command printed."""
        # An engine that happens to run here is left alone: tests start their own.
        environment = {**os.environ, "DOCKER_HOST": "unix:///nowhere/docker.sock", **self.env}
        if self.key:
            environment["JESSES_SIGNING_KEY"] = self.key
        return run(
            *(sys.executable, "-m", "invoke", "--search-root", str(ROOT), task),
            *("--project", str(self.repository.root), *options),
            env=environment,
            cwd=self.repository.root.parent,
        ).stdout


def copy_of(
    example: Path,
    into: Path,
    *,
    key: str = "",
    extra: str = "",
    edit: Callable[[str], str] = str,
) -> Product:
    """`example`'s tracked files, its release.toml edited and with `extra` at its end, committed in `into`."""
    repository = Repository(into)
    names = run("git", "ls-files", "-z", cwd=example).stdout.rstrip("\0").split("\0")
    for name in names:
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(example / name, target)
    configuration = into / "release.toml"
    configuration.write_text(edit(configuration.read_text()) + extra)
    repository.commit(message="new: the product")
    return Product(repository=repository, key=key)


def checkout_of_jesses(into: Path) -> None:
    """A clone of this checkout, with what is changed in it committed on top."""
    run("git", "clone", "--quiet", "--no-hardlinks", ROOT, into)
    changes = run("git", "diff", "--binary", "HEAD", cwd=ROOT).stdout
    if changes:
        run("git", "apply", "--index", "-", cwd=into, stdin=changes)
        identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
        run("git", *identity, "commit", "--quiet", "--message", "uncommitted changes", cwd=into)
