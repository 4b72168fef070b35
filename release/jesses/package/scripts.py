"""The scripts of a package: the snippets for what it names in `release.toml`, around the product's own text.

Snippets are data, `packaging/snippets/<format>/<what>.<script>`. A script that runs after a change ends with
the product's own text, one that runs before it begins with it.
"""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from jesses.base.errors import PayloadError
from jesses.base.package import SCRIPTS, Trigger
from jesses.base.payload import parents

_SHELL: Final = "#!/bin/sh\nset -e\n"
_SHEBANG: Final = re.compile(r"#!\s*/bin/sh(\s+-[eu]+)*\s*")


@dataclass(frozen=True, kw_only=True)
class WantedSnippets:
    """What snippets are for. `dkms` is the module's name and version, `ghosts` are paths."""

    services: tuple[str, ...] = ()
    dkms: tuple[str, str] | None = None
    ghosts: tuple[str, ...] = ()
    triggers: tuple[Trigger, ...] = ()

    @property
    def snippets(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        """The names of the snippets, each with what is filled in."""
        if self.services:
            yield "systemd", {"UNITS": " ".join(self.services)}
        if self.dkms:
            yield "dkms", {"NAME": self.dkms[0], "VERSION": self.dkms[1]}
        if self.ghosts:
            directories = sorted({next(parents(path), "/") for path in self.ghosts})
            yield "ghost", {"PATHS": shlex.join(self.ghosts), "DIRECTORIES": shlex.join(directories)}
        for trigger in self.triggers:
            yield "trigger", {"PATH": trigger.path, "SCRIPT": trigger.script.strip("\n")}


def compose(
    format_name: Literal["deb", "rpm"], snippets: Path, wanted: WantedSnippets, *, own: Mapping[str, str]
) -> dict[str, str]:
    """Every script of a package by its name in the format; `own` are the product's, without their first line.

    `snippets` is the directory that has a directory of snippets for each format.
    """
    scripts = {}
    for script in SCRIPTS[format_name]:
        parts = list(_snippets(snippets / format_name, wanted, script))
        if text := own.get(script):
            parts.insert(0 if script.startswith("pre") else len(parts), text)
        if parts:
            scripts[script] = _SHELL + "\n".join(part.strip("\n") for part in parts) + "\n"
    return scripts


def _snippets(directory: Path, wanted: WantedSnippets, script: str) -> Iterator[str]:
    for what, values in wanted.snippets:
        path = directory / f"{what}.{script}"
        if path.is_file():
            yield _filled(path.read_text(encoding="utf-8"), values.items())


def _filled(text: str, values: Iterable[tuple[str, str]]) -> str:
    for key, value in values:
        text = text.replace(f"@{key}@", value)
    return text


def read(path: Path) -> str:
    """A script of the product, without its first line: it becomes part of one that /bin/sh runs.

    Raises:
        PayloadError: it is for another interpreter, has Windows line endings, or is no UTF-8 text.

    """
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise PayloadError(f"cannot read the script {path}: {error}", fix="make it a UTF-8 text") from error
    if "\r" in text:
        raise PayloadError(f"the script {path} has Windows line endings", fix="write it with plain newlines")
    first, _, rest = text.partition("\n")
    if not first.startswith("#!"):
        raise PayloadError(
            f"the script {path} names no interpreter", fix="begin it with the line '#!/bin/sh'"
        )
    if not _SHEBANG.fullmatch(first):
        raise PayloadError(
            f"the script {path} asks for {first.removeprefix('#!').strip() or 'nothing'}, and scripts of packages "
            "run by /bin/sh alone: nothing else is sure to be there",
            fix="write it for '#!/bin/sh', and let it run another program that the package depends on",
        )
    return rest
