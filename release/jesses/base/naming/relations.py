"""Relations to other packages, written once: a name, or a name with a version in SemVer.

Each format has its own signs and its own spelling of a version; here both are put in.
"""

import re
from typing import Final, Literal

from semver import Version

from jesses.base.naming import spelling

OWN: Final = "{version}"
"""Stands for the version of the package itself."""

_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9+._:()-]*"
_OPERATOR: Final = "<=|>=|=|<|>"
# What others number otherwise: dkms 3.0, libc6 2.36.
_PLAIN: Final = r"[0-9]+(?:\.[0-9]+)*"
_VERSION: Final = rf"\{{version\}}|{_PLAIN}|{spelling.SEMVER}"
PATTERN: Final = rf" *({_NAME})(?: *({_OPERATOR}) *({_VERSION}))? *"
"""A relation: its name, operator and version."""
WANTED: Final = (
    "'name' or 'name >= 1.2.0', with one of < <= = >= > and a SemVer, a plain number or {version}; "
    "other syntax goes under deb or rpm"
)
"""What a relation is, in words."""
_DEB_OPERATORS: Final = {"<": "<<", ">": ">>"}
_SPELL: Final = {"deb": spelling.deb, "rpm": spelling.rpm}


def spelled(text: str, format_name: Literal["deb", "rpm"], *, own: Version) -> str:
    """A relation, all of `PATTERN`, in the words of a format; `own` is the version of the package."""
    match = re.fullmatch(PATTERN, text)
    if match is None or match[2] is None:
        return text.strip()
    name, operator, written = match[1], match[2], match[3].replace(OWN, str(own))
    version = _SPELL[format_name](Version.parse(written)) if Version.is_valid(written) else written
    if format_name == "rpm":
        return f"{name} {operator} {version}"
    return f"{name} ({_DEB_OPERATORS.get(operator, operator)} {version})"


def native(text: str, format_name: Literal["deb", "rpm"], *, own: Version) -> str:
    """A relation in a format's own syntax, its own version filled in."""
    return text.replace(OWN, _SPELL[format_name](own))
