"""Relations to other packages, written once: a name, or a name with a version in SemVer.

Each format has its own signs and its own spelling of a version; here both are put in.
"""

import re
from typing import Final, Literal

from semver import Version

from release import spelling

OWN: Final = "{version}"
"""Stands for the version of the package itself."""

_RELATION: Final = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9+._:()-]*)(?:\s*(?P<operator><=|>=|=|<|>)\s*(?P<version>\S+))?", re.ASCII
)
# What others number otherwise: dkms 3.0, libc6 2.36.
_PLAIN: Final = re.compile(r"[0-9]+(\.[0-9]+)*", re.ASCII)
_DEB_OPERATORS: Final = {"<": "<<", ">": ">>"}
_SPELL: Final = {"deb": spelling.deb, "rpm": spelling.rpm}


def problem(text: str) -> str | None:
    """What is wrong with a relation, and how to write it, or None."""
    match = _RELATION.fullmatch(text.strip())
    if match is None:
        return f"{text!r}: write 'name' or 'name >= 1.2.0', with one of < <= = >= >"
    version = match["version"]
    if version in {None, OWN} or _PLAIN.fullmatch(version) or Version.is_valid(version):
        return None
    return (
        f"{text!r}: the version must be a SemVer, a plain number or {OWN}; other syntax goes under deb or rpm"
    )


def spelled(text: str, format_name: Literal["deb", "rpm"], *, own: Version) -> str:
    """A relation without `problem` in the words of a format; `own` is the version of the package."""
    match = _RELATION.fullmatch(text.strip())
    if match is None or match["operator"] is None:
        return text.strip()
    written = match["version"].replace(OWN, str(own))
    version = _SPELL[format_name](Version.parse(written)) if Version.is_valid(written) else written
    if format_name == "rpm":
        return f"{match['name']} {match['operator']} {version}"
    return f"{match['name']} ({_DEB_OPERATORS.get(match['operator'], match['operator'])} {version})"


def native(text: str, format_name: Literal["deb", "rpm"], *, own: Version) -> str:
    """A relation in a format's own syntax, its own version filled in."""
    return text.replace(OWN, _SPELL[format_name](own))
