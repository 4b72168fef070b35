"""What this machine has, what it lacks, and what that would disable."""

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jesses.base.errors import ReleaseError
from jesses.signing import openpgp

_GIBIBYTE = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked for; `disables` says what does not work without it."""

    name: str
    present: bool
    detail: str
    disables: str
    required: bool = False


def examine(
    directory: Path, environment: Mapping[str, str], *, ping_engine: Callable[[], str]
) -> Iterator[Finding]:
    """Look at everything a release may use; `ping_engine` answers with the Docker engine's version or raises."""
    yield Finding(
        name="Python", present=True, detail=sys.version.split()[0], disables="everything", required=True
    )
    yield _tool("git", "versions, so everything", required=True)
    yield _compiler()
    yield _signing_key(environment)
    yield _engine(ping_engine)
    for tool, disables in (
        ("dpkg", "installing the DEBs here"),
        ("apt-get", "trying the APT repository here"),
        ("rpm", "installing the RPMs here"),
        ("dnf", "trying the YUM repository here"),
    ):
        yield _tool(tool, disables)
    free = shutil.disk_usage(directory).free
    yield Finding(
        name="disk",
        present=free > _GIBIBYTE,
        detail=f"{free / _GIBIBYTE:.1f} GiB free",
        disables="building and packaging, when it runs out",
    )


def _tool(name: str, disables: str, *, required: bool = False) -> Finding:
    path = shutil.which(name)
    return Finding(
        name=name, present=bool(path), detail=path or "not installed", disables=disables, required=required
    )


def _compiler() -> Finding:
    found = importlib.util.find_spec("ziglang")
    return Finding(
        name="ziglang",
        present=bool(found),
        detail="a C compiler for every architecture" if found else "not installed",
        disables="builds that use it, such as Kestrel's",
    )


def _signing_key(environment: Mapping[str, str]) -> Finding:
    disables = "publishing to channels (but for --no-sign); a snapshot is signed with an ephemeral key"
    try:
        signer = openpgp.from_environment(environment)
    except ReleaseError as error:
        return Finding(name="signing key", present=False, detail=error.what, disables=disables)
    detail = (
        signer.fingerprint if signer else f"none in {openpgp.KEY_VARIABLE} or {openpgp.KEY_FILE_VARIABLE}"
    )
    return Finding(name="signing key", present=bool(signer), detail=detail, disables=disables)


def _engine(ping_engine: Callable[[], str]) -> Finding:
    disables = "running images here, and images built from a Dockerfile"
    try:
        return Finding(name="Docker engine", present=True, detail=ping_engine(), disables=disables)
    except ReleaseError as error:
        return Finding(name="Docker engine", present=False, detail=error.what, disables=disables)
