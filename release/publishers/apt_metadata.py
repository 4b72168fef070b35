"""What an APT repository says about itself: `Packages`, `Release` and the `.sources` file of its users.

Pure values and texts. Formats: https://wiki.debian.org/DebianRepository/Format, deb822(5), sources.list(5).
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final, Self

from release.arch import DEBIAN, MACHINES
from release.errors import ConflictError, RepositoryError

ALL: Final = DEBIAN["noarch"]

_BLANK_LINES: Final = re.compile(rb"\n(?:[ \t]*\n)+")
_IDENTITY: Final = re.compile(rb"^(Package|Version|Architecture|SHA256):[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_DIGESTS: Final = re.compile(r" +([0-9a-f]{64}) +([0-9]+) +(\S.*)")
# Only what is listed under SHA256 is kept up to date, and a Valid-Until would lock everyone out when it passes.
_DROPPED: Final = frozenset({"MD5Sum", "SHA1", "SHA256", "SHA512", "Valid-Until"})


@dataclass(frozen=True, kw_only=True)
class Stanza:
    """One package in an index; `text` is its exact bytes and ends in a newline."""

    package: str
    version: str
    architecture: str
    sha256: str
    text: bytes

    @property
    def identity(self) -> tuple[str, str, str]:
        """What names a package: two files with the same identity are a conflict."""
        return self.package, self.version, self.architecture

    @classmethod
    def parse(cls, text: bytes) -> Self:
        found = {name: value.decode("utf-8", "replace") for name, value in _IDENTITY.findall(text)}
        return cls(
            package=found.get(b"Package", ""),
            version=found.get(b"Version", ""),
            architecture=found.get(b"Architecture", ""),
            sha256=found.get(b"SHA256", ""),
            text=text.strip(b"\n") + b"\n",
        )

    @classmethod
    def of(cls, control: str, *, filename: str, size: int, sha256: str) -> Self:
        """The control file of a package, and where its file is: `filename` below the root, `size` in bytes."""
        return cls.parse(f"{control}Filename: {filename}\nSize: {size}\nSHA256: {sha256}\n".encode())


def stanzas(packages: bytes) -> Iterator[Stanza]:
    """The stanzas of a `Packages` file."""
    return (Stanza.parse(text) for text in _BLANK_LINES.split(packages) if text.strip())


def merge(indexes: Mapping[str, bytes], new: Sequence[Stanza]) -> dict[str, bytes]:
    """The `Packages` file of each architecture with `new` added; what was there stays byte for byte.

    `indexes` maps Debian architectures to their `Packages`. There is one for every machine that is released
    for; a package for `all` machines stands in each, those that were there already included.

    Raises:
        ConflictError: a package is there already, or comes twice, with other bytes.

    """
    known = {architecture: list(stanzas(packages)) for architecture, packages in indexes.items()}
    digests = {stanza.identity: stanza.sha256 for listed in known.values() for stanza in listed}
    for stanza in new:
        if digests.setdefault(stanza.identity, stanza.sha256) != stanza.sha256:
            raise ConflictError(
                f"{stanza.package} {stanza.version} for {stanza.architecture} is in the APT repository with "
                f"other bytes (sha256 {digests[stanza.identity]}, not {stanza.sha256})",
                fix="what is published never changes: release a new version",
            )
    shared = [stanza for listed in known.values() for stanza in listed if stanza.architecture == ALL]
    machines = {DEBIAN[machine] for machine in MACHINES} | {stanza.architecture for stanza in new} - {ALL}
    return {
        architecture: _appended(
            indexes.get(architecture, b""), known.get(architecture, []), (*shared, *new), architecture
        )
        for architecture in sorted(machines | set(indexes))
    }


def _appended(
    packages: bytes, listed: Sequence[Stanza], candidates: Sequence[Stanza], architecture: str
) -> bytes:
    present = {stanza.identity for stanza in listed}
    added = {
        stanza.identity: stanza.text
        for stanza in candidates
        if stanza.architecture in {architecture, ALL} and stanza.identity not in present
    }
    if not added:
        return packages
    newlines = len(packages) - len(packages.rstrip(b"\n"))
    separator = b"\n" * max(0, 2 - newlines) if packages else b""
    return packages + separator + b"".join(text + b"\n" for text in added.values())


@dataclass(frozen=True, kw_only=True)
class Digest:
    """An entry of the section SHA256; `size` is bytes."""

    sha256: str
    size: int

    @classmethod
    def of(cls, data: bytes) -> Self:
        return cls(sha256=hashlib.sha256(data).hexdigest(), size=len(data))


@dataclass(frozen=True, kw_only=True)
class Release:
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

    @property
    def architectures(self) -> tuple[str, ...]:
        return tuple(self.fields.get("Architectures", "").split())

    def render(self) -> bytes:
        fields = "".join(f"{name}: {value}\n" for name, value in self.fields.items() if value)
        entries = (f" {entry.sha256} {entry.size:>12} {path}\n" for path, entry in sorted(self.files.items()))
        return (fields + "SHA256:\n" + "".join(entries)).encode()


def index_directory(component: str, architecture: str) -> str:
    """Where the index of an architecture is, below the directory of the suite."""
    return f"{component}/binary-{architecture}"


def successor(
    previous: Release | None,
    indexes: Mapping[str, Mapping[str, Digest]],
    *,
    origin: str,
    suite: str,
    component: str,
    now: float,
) -> Release:
    """The Release file after `previous`; `indexes` are the files of each architecture by name.

    What clients remember (Origin, Label, Suite, Codename) stays as it was published first, since apt refuses
    a repository where they change. The date moves forward even where the clock does not: apt ignores a
    Release file that is older than the one it has.
    """
    before = previous or Release(fields={}, files={})
    date = max(int(now), previous.date + 1) if previous else int(now)
    names = {"Origin": origin, "Label": origin, "Suite": suite, "Codename": suite}
    fields = {
        **names,
        **before.fields,
        "Date": format_datetime(datetime.fromtimestamp(date, UTC), usegmt=True).replace("GMT", "UTC"),
        "Acquire-By-Hash": "yes",
        "Architectures": _united(before.fields.get("Architectures", ""), indexes),
        "Components": _united(before.fields.get("Components", ""), [component]),
    }
    directories = {architecture: index_directory(component, architecture) for architecture in indexes}
    kept = {
        path: digest
        for path, digest in before.files.items()
        if path.rpartition("/")[0] not in directories.values()
    }
    ours = {
        f"{directories[architecture]}/{name}": digest
        for architecture, files in indexes.items()
        for name, digest in files.items()
    }
    return Release(fields=fields, files=kept | ours)


def _united(words: str, more: Mapping[str, object] | Sequence[str]) -> str:
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
