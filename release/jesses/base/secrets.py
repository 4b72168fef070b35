"""Secrets in an environment: which variables are kept from the commands of a product, and what no output shows.

A name tells: `GITHUB_TOKEN`, `AWS_SECRET_ACCESS_KEY`, `JESSES_REGISTRY_..._PASSWORD`. Names are all that there is
to go by, so the rule errs on the side of keeping back; a build that needs a variable asks for it by name.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SECRET: Final = re.compile(
    r"TOKEN|PASSWORD|PASSPHRASE|PASSWD|SECRET|CREDENTIAL|PRIVATE|APIKEY|_KEY(_ID)?$|_PAT$|_AUTH(_CONFIG)?$",
    re.IGNORECASE,
)
"""What the name of a variable that holds a secret says."""
_SECRET_FILE: Final = re.compile(r"(KEY|TOKEN|PASSWORD)_FILE$", re.IGNORECASE)
"""What the name of a variable says that holds the path of a file with a secret."""
_WITHHELD: Final = re.compile(r"^(JESSES|AWS|ACTIONS)_|^(DOCKER_CONFIG|SSH_AUTH_SOCK|NETRC)$")
"""Variables that lead to secrets, beside those that hold one."""
_SHORTEST: Final = 6
"""Shorter values stand for themselves in too many texts to be hidden."""
_HIDDEN: Final = "***"
_LARGEST_FILE: Final = 1 << 20


def withheld(name: str) -> bool:
    """Whether the commands of a product see a variable only where they ask for it by name.

    >>> [withheld(name) for name in ("JESSES_SIGNING_KEY", "AWS_PROFILE", "NPM_TOKEN", "PATH", "CC")]
    [True, True, True, False, False]
    """
    return bool(_WITHHELD.search(name) or _SECRET.search(name) or _SECRET_FILE.search(name))


def for_commands(environment: Mapping[str, str], asked_for: Iterable[str] = ()) -> dict[str, str]:
    """What of an environment the commands of a product see: `asked_for` names what they may see of the rest."""
    wanted = frozenset(asked_for)
    return {name: value for name, value in environment.items() if name in wanted or not withheld(name)}


@dataclass(frozen=True)
class Secrets:
    """Values that no output shows; the longest first, so that none is left over in pieces of another."""

    values: tuple[str, ...] = ()

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Secrets":
        """Those of an environment, and of the files that it names. A file that cannot be read holds none."""
        found = {value for text in _texts(environment) for value in _values(text)}
        return cls(tuple(sorted(found, key=len, reverse=True)))

    def hide(self, text: str) -> str:
        """`text` without any of them."""
        for value in self.values:
            text = text.replace(value, _HIDDEN)
        return text


def _texts(environment: Mapping[str, str]) -> Iterator[str]:
    for name, value in environment.items():
        if _SECRET_FILE.search(name):
            yield _content(Path(value))
        elif _SECRET.search(name):
            yield value


def _values(text: str) -> Iterator[str]:
    """A secret as a whole, and each of its lines, since output is shown in lines."""
    for value in (text, text.strip(), *(line.strip() for line in text.splitlines())):
        if len(value) >= _SHORTEST and not _is_armor(value):
            yield value


def _is_armor(line: str) -> bool:
    """Whether a line is the frame of a key, such as "-----BEGIN PGP PRIVATE KEY BLOCK-----", and nothing else."""
    return "\n" not in line and line.startswith("-----") and line.endswith("-----")


def _content(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_LARGEST_FILE).decode(errors="replace")
    except (OSError, ValueError):
        return ""
