"""What an APT repository says about itself: `Release`, and the `.sources` file of its users.

Pure values and texts. Formats: https://wiki.debian.org/DebianRepository/Format, deb822(5), sources.list(5).
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final, Self

from jesses.base.errors import RepositoryError

INDEX: Final = "Packages"
CONTENTS_FORM: Final = ".gz"
"""How Contents are packed: what every client of them reads."""
SOURCES: Final = "X-Sources-Sha256"
"""A field of our own: the digest of what lies at the root for users (`ForUsers`), so that a run that finds
it there need not look."""

_FORM: Final = re.compile(rf"(/(?:{INDEX}|Contents-[^/.]+))\.[a-z0-9]+$")
_DIGESTS: Final = re.compile(r" +([0-9a-f]{64}) +([0-9]+) +(\S.*)")
# Only what is listed under SHA256 is kept up to date, and a Valid-Until would lock everyone out when it passes.
_DROPPED: Final = frozenset({"MD5Sum", "SHA1", "SHA256", "SHA512", "Valid-Until"})


@dataclass(frozen=True, kw_only=True)
class Digest:
    """An entry of the section SHA256; `size` is bytes."""

    sha256: str
    size: int

    @classmethod
    def of(cls, data: bytes) -> Self:
        return cls(sha256=hashlib.sha256(data).hexdigest(), size=len(data))


@dataclass(frozen=True, kw_only=True)
class ReleaseFile:
    """A `Release` file: its plain fields, and what it says of the files beside it, by path."""

    fields: Mapping[str, str]
    files: Mapping[str, Digest]

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read a Release file.

        Raises:
            RepositoryError: it is none, or has no SHA256 section or no date.

        """
        fields: dict[str, str] = {}
        files: dict[str, Digest] = {}
        section = ""
        for line in text.decode("utf-8", "replace").splitlines():
            if line.startswith(" "):
                if section == "SHA256":
                    files |= _entry(line)
                continue
            section, colon, value = line.partition(":")
            if not colon:
                raise _damaged(f"has the line {line!r}")
            fields[section] = value.strip()
        release = cls(fields={name: fields[name] for name in fields if name not in _DROPPED}, files=files)
        if "SHA256" not in fields:
            raise _damaged("lists no SHA256 digests")
        release.date  # noqa: B018 - raises
        return release

    @property
    def date(self) -> int:
        """Seconds since 1970 UTC."""
        try:
            return int(parsedate_to_datetime(self.fields["Date"].replace("UTC", "GMT")).timestamp())
        except (KeyError, ValueError) as error:
            raise _damaged("has no date that can be read") from error

    def architectures(self, component: str) -> tuple[str, ...]:
        """Those that have an index; a Release file need not name them."""
        return _architectures(self.files, component)

    def render(self) -> bytes:
        fields = "".join(f"{name}: {value}\n" for name, value in self.fields.items() if value)
        entries = (f" {entry.sha256} {entry.size:>12} {path}\n" for path, entry in sorted(self.files.items()))
        return (fields + "SHA256:\n" + "".join(entries)).encode()


def _architectures(paths: Iterable[str], component: str) -> tuple[str, ...]:
    found = re.findall(rf"^{re.escape(component)}/binary-([^/\n]+)/{INDEX}\b", "\n".join(paths), re.MULTILINE)
    return tuple(sorted(set(found)))


def index_directory(component: str, architecture: str) -> str:
    """Where the index of an architecture is, below the directory of the suite."""
    return f"{component}/binary-{architecture}"


def contents_path(component: str, architecture: str) -> str:
    """Where the `Contents` of an architecture is, below the directory of the suite, but for its form."""
    return f"{component}/Contents-{architecture}"


def successor(
    previous: ReleaseFile | None,
    files: Mapping[str, Digest],
    *,
    origin: str,
    suite: str,
    component: str,
    sources: str,
    now: float,
) -> ReleaseFile:
    """The Release file after `previous`; `files` are those of the indexes that changed.

    Of what is given in one form, other forms that were there would be out of date: they go.

    What clients remember (Origin, Label, Suite, Codename) stays as it was published first, there or not, since
    apt refuses a repository where they change. The date moves forward even where the clock does not: apt ignores a
    Release file that is older than the one it has.
    """
    before = previous or ReleaseFile(fields={}, files={})
    date = max(int(now), previous.date + 1) if previous else int(now)
    names = {"Origin": origin, "Label": origin, "Suite": suite, "Codename": suite}
    fields = {
        **(before.fields if previous else names),
        "Date": format_datetime(datetime.fromtimestamp(date, UTC), usegmt=True).replace("GMT", "UTC"),
        "Acquire-By-Hash": "yes",
        "Architectures": _united(before.fields.get("Architectures", ""), _architectures(files, component)),
        "Components": _united(before.fields.get("Components", ""), [component]),
        SOURCES: sources,
    }
    stale = set(map(_stem, files))
    kept = {path: digest for path, digest in before.files.items() if _stem(path) not in stale}
    return ReleaseFile(fields=fields, files={**kept, **files})


def _stem(path: str) -> str:
    """The path of a file before it was compressed."""
    return _FORM.sub(r"\1", path)


def _united(words: str, more: Collection[str]) -> str:
    return " ".join(sorted({*words.split(), *more}))


def _entry(line: str) -> dict[str, Digest]:
    if not (match := _DIGESTS.fullmatch(line)):
        raise _damaged(f"has the line {line!r}")
    return {match[3]: Digest(sha256=match[1], size=int(match[2]))}


def _damaged(what: str) -> RepositoryError:
    return RepositoryError(
        f"the Release file of the APT repository {what}",
        fix="repair it, or publish below another prefix",
    )


def sources(*, url: str, suite: str, component: str, key: str | None) -> str:
    """The deb822 source of a user; `key` is the path of the public key there, None for an unsigned repository.

    The key is a file of its own: a key inside Signed-By needs apt 2.3.10, and Debian 11 has 2.2, Ubuntu 20.04
    has 2.0. Both read an armored key that is named `.asc`.
    """
    trust = f"Signed-By: {key}" if key else "Trusted: yes"
    return f"Types: deb\nURIs: {url}\nSuites: {suite}\nComponents: {component}\n{trust}\n"
