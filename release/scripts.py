"""The scripts of a package: the snippets for its services and its DKMS module, around the product's own text.

Snippets are data, `packaging/snippets/<format>/<what>.<script>`. A script that runs after a change ends with
the product's own text, one that runs before it begins with it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from release.config.check import SCRIPTS

_SHELL = "#!/bin/sh\nset -e\n"


def compose(
    format_name: str,
    snippets: Path,
    *,
    own: Mapping[str, str],
    services: tuple[str, ...] = (),
    dkms: tuple[str, str] | None = None,
) -> dict[str, str]:
    """Every script of a package by its name in the format; `dkms` is the module's name and version."""
    values = {"UNITS": " ".join(services)}
    if dkms:
        values |= {"NAME": dkms[0], "VERSION": dkms[1]}
    wanted = [*(["systemd"] if services else []), *(["dkms"] if dkms else [])]
    scripts = {}
    for script in SCRIPTS[format_name]:
        parts = list(_snippets(snippets / format_name, wanted, script, values))
        if text := own.get(script):
            parts.insert(0 if _runs_before(script) else len(parts), _body(text))
        if parts:
            scripts[script] = _SHELL + "\n".join(part.strip("\n") for part in parts) + "\n"
    return scripts


def _snippets(directory: Path, wanted: list[str], script: str, values: Mapping[str, str]) -> Iterator[str]:
    for what in wanted:
        path = directory / f"{what}.{script}"
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            for key, value in values.items():
                text = text.replace(f"@{key}@", value)
            yield text


def _runs_before(script: str) -> bool:
    return script.startswith("pre")


def _body(text: str) -> str:
    first, _, rest = text.partition("\n")
    return rest if first.startswith("#!") else text
