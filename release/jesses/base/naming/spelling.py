"""How a SemVer is spelled in each system that a release reaches, and read back.

DEB and RPM share one spelling, and wherever SemVer orders two versions, dpkg and rpm order their spellings the
same way (deb-version(7); rpm's `rpmvercmp`). It is made of what both tools agree on: `~` sorts before the end,
the end before letters, letters as in ASCII, numbers by value, and in a word a number before a letter. Where
something begins they disagree on numbers against letters, so at each place only one of the two ever begins
(`+0` is above letters to both: to dpkg for its `+`, to rpm for its `0`):

    at first and after a letter   `~~12` the identifier 12, `~beta` the identifier beta, `~+0` a hyphen,
                                  digits and letters as they are, `~~~` where the prerelease ends
    after a digit                 `A12` the identifier 12, `Bbeta` the identifier beta, `C` a hyphen,
                                  `D0` the digit 0, `EA` a letter up to E, other letters as they are
    build metadata                after `~`, or after `+` where there is no prerelease; `+` for a hyphen
"""

import re
from collections.abc import Callable
from typing import Final

from semver import Version

from jesses.base.errors import VersionError

NUMBER: Final = "(?:0|[1-9][0-9]*)"
_IDENTIFIER: Final = f"(?:{NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
PRERELEASE: Final = rf"{_IDENTIFIER}(?:\.{_IDENTIFIER})*"
SEMVER: Final = rf"{NUMBER}\.{NUMBER}\.{NUMBER}(?:-{PRERELEASE})?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
"""A version as https://semver.org has it ("Backus-Naur Form Grammar"), a regular expression without groups."""

LONGEST: Final = 128
"""Characters of an image tag (OCI distribution specification, "Pulling manifests"), so of every version."""

_END: Final = "~~~"
_AFTER_LETTER: Final = re.compile(
    r"~~(?P<number>[0-9]+)|~(?P<word>)(?=[A-Za-z])|(?P<hyphen>~\+0)|(?P<same>[0-9A-Za-z])"
)
_AFTER_DIGIT: Final = re.compile(r"A(?P<number>[0-9]+)|(?P<word>B)|(?P<hyphen>C)|[DE]?(?P<same>[0-9A-Za-z])")


def deb(version: Version) -> str:
    """A Debian version, without a revision (deb-version(7)).

    Raises:
        VersionError: the version is too long; so for every spelling here.

    """
    _check_length(version)
    build = (version.build or "").replace("-", "+")
    if version.prerelease is None:
        return f"{_core(version)}+{build}" if build else _core(version)
    text = _core(version) + _prerelease(version.prerelease)
    return f"{text}~{build}" if build else text


def rpm(version: Version) -> str:
    """An RPM version (the Release tag is always 1): the same text as in a DEB."""
    return deb(version)


def file_name(version: Version) -> str:
    """The version inside a file name: without `+`, which servers and S3 read as a space.

    SemVer has no underscore, so no two versions share a name.
    """
    _check_length(version)
    return str(version).replace("+", "_")


def s3_key(version: Version) -> str:
    """The version inside an object key, as in a file name: nothing in it needs escaping."""
    return file_name(version)


def oci_tag(version: Version) -> str:
    """An image tag, as in a file name: a tag has no `+` either."""
    return file_name(version)


def from_deb(text: str) -> Version:
    """The version that `deb` and `rpm` spell so.

    Raises:
        VersionError: there is none; so for every reading here.

    """
    core, *after = re.split("(?=[~+])", text, maxsplit=1)
    rest = "".join(after)
    prerelease, rest = _read_prerelease(rest) if rest.startswith("~") else ("", rest)
    build = rest[1:].replace("+", "-")
    return _confirm(text, core + prerelease + (f"+{build}" if build else ""), deb, "in a DEB or RPM")


def from_file_name(text: str) -> Version:
    """The version that `file_name`, `s3_key` or `oci_tag` spells so."""
    return _confirm(text, text.replace("_", "+"), file_name, "in a file name or tag")


def _core(version: Version) -> str:
    return f"{version.major}.{version.minor}.{version.patch}"


def _prerelease(prerelease: str) -> str:
    text, after_letter = "", True
    for identifier in prerelease.split("."):
        if identifier.isdigit():
            text += ("~~" if after_letter else "A") + identifier
            after_letter = False
            continue
        text += "~" if after_letter else "B"
        after_letter = False
        for character in identifier:
            text += _character(character, after_letter=after_letter)
            after_letter = text[-1].isalpha()
    return text + _END if after_letter else text


def _character(character: str, *, after_letter: bool) -> str:
    if character == "-":
        return "~+0" if after_letter else "C"
    if after_letter or character > "E":
        return character
    return ("D" if character.isdigit() else "E") + character


def _read_prerelease(text: str) -> tuple[str, str]:
    """The prerelease with its hyphen, and what follows it, from the text that `_prerelease` made.

    Only for text from there is this right: the caller spells the result again and compares.
    """
    prerelease, after_letter, at = "", True, 0
    while found := (_AFTER_LETTER if after_letter else _AFTER_DIGIT).match(text, at):
        at = found.end()
        match found.lastgroup:
            case "number":
                prerelease += "." + found["number"]
            case "word":
                prerelease += "."
            case "hyphen":
                prerelease += "-"
            case _:
                prerelease += found["same"]
        after_letter = text[at - 1].isalpha() and found.lastgroup != "word"
    return "-" + prerelease[1:], text[at:].removeprefix(_END if after_letter else "")


def _check_length(version: Version) -> None:
    length = len(str(version))
    if length <= LONGEST:
        return
    shorter = (version.replace(build=None), version.replace(prerelease="rc.1", build=None), Version(1))
    raise VersionError(
        f"{version} has {length} characters, and an image tag at most {LONGEST}",
        fix=f"use {next(other for other in shorter if len(str(other)) <= LONGEST)}",
    )


def _confirm(text: str, guess: str, spell: Callable[[Version], str], where: str) -> Version:
    """The version `guess`, if it is one and is spelled `text`."""
    if Version.is_valid(guess):
        version = Version.parse(guess)
        if spell(version) == text:
            return version
    raise VersionError(
        f"{text!r} is not how a version is spelled {where}",
        fix="take the version as a release wrote it; docs/versions.md has examples",
    )
