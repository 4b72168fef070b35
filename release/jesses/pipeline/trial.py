"""How packages are tried: installed by the package manager of a container, used, and removed again."""

import shlex
from collections.abc import Sequence
from typing import Final, Literal

from jesses.base.artifact import Artifact

DIRECTORY: Final = "/release"
"""Where a container finds the packages."""

_DEB: Final = """\
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet
apt-get install --quiet --yes --no-install-recommends {files}
{command}
apt-get purge --quiet --yes {names}
"""
_RPM: Final = """\
dnf install --assumeyes --setopt=install_weak_deps=False {files}
{command}
dnf remove --assumeyes {names}
"""
_SCRIPTS: Final = {"deb": _DEB, "rpm": _RPM}


def script(kind: Literal["deb", "rpm"], packages: Sequence[Artifact], command: Sequence[str]) -> str:
    """The lines of a shell that stops at the first failure (`sh -eu`)."""
    return _SCRIPTS[kind].format(
        files=shlex.join(f"{DIRECTORY}/{artifact.path.name}" for artifact in packages),
        names=shlex.join(sorted({artifact.name for artifact in packages})),
        command=shlex.join(command) if command else ":",
    )
