"""The control file of a DEB (Debian Policy, chapters 5 and 7; deb-control(5)), and what Policy forbids."""

import re
import textwrap
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import groupby
from typing import Final

from jesses.base.naming import spelling
from jesses.base.naming.arch import DEBIAN
from jesses.base.package import RELATIONS, Package, Relations

AREAS: Final = ("main", "contrib", "non-free", "non-free-firmware")
"""Policy 2.2."""

SECTIONS: Final = (
    *("admin", "cli-mono", "comm", "database", "debug", "devel", "doc", "editors", "education"),
    *("electronics", "embedded", "fonts", "games", "gnome", "gnu-r", "gnustep", "graphics", "hamradio"),
    *("haskell", "httpd", "interpreters", "introspection", "java", "javascript", "kde", "kernel"),
    *("libdevel", "libs", "lisp", "localization", "mail", "math", "metapackages", "misc", "net", "news"),
    *("ocaml", "oldlibs", "otherosfs", "perl", "php", "python", "ruby", "rust", "science", "shells"),
    *("sound", "tasks", "tex", "text", "utils", "vcs", "video", "web", "x11", "xfce", "zope"),
)
"""Policy 2.4."""

_FOLD: Final = 79
_NAME: Final = r"[a-z0-9][a-z0-9+.-]+"
_VERSION: Final = r"(?:\d+:)?\d[A-Za-z0-9.+~-]*"
_RELATION: Final = re.compile(
    rf"(?P<name>{_NAME}(?::[a-z0-9-]+)?)"
    rf"(?:\s*\(\s*(?P<operator><<|<=|=|>=|>>)\s*(?P<version>{_VERSION})\s*\))?",
    re.ASCII,
)
_MAINTAINER: Final = re.compile(r"[^<>]*[^<>\s] <[^<>\s@]+@[^<>\s@]+>")
_HOMEPAGE: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^<>\s]+")
_TRIGGER: Final = re.compile(r"(?:interest|activate)(?:-await|-noawait)? (?P<name>[!-~]+)", re.ASCII)
_ALTERNATIVES: Final = ("depends", "recommends", "suggests")


def stanza(package: Package, *, installed_size: int) -> str:
    """The control file of a package without `problems`; `installed_size` is in KiB."""
    fields = {
        "Package": package.name,
        "Version": spelling.deb(package.version),
        "Architecture": DEBIAN[package.arch],
        "Maintainer": package.maintainer,
        "Installed-Size": str(installed_size),
        "Depends": _relation_field(package.relations.depends),
        "Recommends": _relation_field(package.relations.recommends),
        "Suggests": _relation_field(package.relations.suggests),
        "Conflicts": _relation_field(package.relations.conflicts),
        "Breaks": _relation_field(package.relations.breaks),
        "Replaces": _relation_field(package.relations.replaces),
        "Provides": _relation_field(package.relations.provides),
        "Section": package.section,
        "Priority": "optional",
        "Homepage": package.homepage,
        "Description": "\n".join((package.summary, *folded(package.description))),
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if value)


def folded(description: str) -> Iterator[str]:
    """The lines of an extended description (Policy 5.6.13): paragraphs filled, ` .` between them.

    A line that starts with a blank is kept as it is: a list, or an example.
    """
    paragraphs = re.split(r"\n\s*\n", description.expandtabs().rstrip().lstrip("\n"))
    for number, paragraph in enumerate(paragraphs):
        if number:
            yield " ."
        yield from _paragraph([line for line in paragraph.splitlines() if line.strip()])


def _paragraph(lines: Iterable[str]) -> Iterator[str]:
    for verbatim, group in groupby(lines, key=lambda line: line.startswith(" ")):
        if verbatim:
            yield from (f" {line.rstrip()}" for line in group)
        else:
            yield from _filled(" ".join(group))


def _filled(text: str) -> Iterator[str]:
    for line in textwrap.wrap(text, _FOLD - 1, break_long_words=False, break_on_hyphens=False):
        # " ." with something behind it is reserved; a second blank means: as it is.
        yield f"  {line}" if line.startswith(".") else f" {line}"


def problems(package: Package) -> Iterator[str]:
    """What Policy forbids in the fields of `package`, each with its cure and its section."""
    if not re.fullmatch(_NAME, package.name):
        yield (
            f"the name {package.name!r}: use two or more of a-z, 0-9, '+', '-' and '.', "
            "starting with a letter or digit (5.6.1)"
        )
    if not _MAINTAINER.fullmatch(package.maintainer) or not package.maintainer.isprintable():
        yield f"the maintainer {package.maintainer!r}: write it as 'Name <address@example.org>' (5.6.2)"
    if not package.summary.strip() or not package.summary.isprintable():
        yield f"the summary {package.summary!r}: write one line of text (5.6.13)"
    if bad := _unprintable(package.description):
        yield f"the description holds the characters {bad}: leave them out (5.1)"
    if package.homepage and not _HOMEPAGE.fullmatch(package.homepage):
        yield f"the homepage {package.homepage!r}: write a URL, without '<' and '>' (5.6.23)"
    yield from _section_problems(package.section)
    yield from _relation_problems(package.relations)
    for line in package.trigger_lines:
        if not _TRIGGER.fullmatch(line):
            yield f"the trigger {line!r}: write '[interest|activate][-await|-noawait] NAME' (deb-triggers(5))"


def _unprintable(text: str) -> list[str]:
    return sorted({character for character in text if not character.isprintable()} - {"\n", "\t"})


def _section_problems(section: str) -> Iterator[str]:
    area, slash, name = section.rpartition("/")
    if slash and area not in AREAS:
        yield f"the area {area!r} of the section {section!r}: use {', '.join(AREAS)} or none (2.2)"
    if name not in SECTIONS:
        near = get_close_matches(name, SECTIONS, n=1) or ["misc"]
        yield f"the section {section!r}: use one that Policy knows, such as {near[0]!r} (2.4)"


def _relation_problems(relations: Relations[str]) -> Iterator[str]:
    for field in RELATIONS:
        for relation in getattr(relations, field):
            if problem := _relation_problem(field, relation):
                yield f"{relation!r} in {field}: {problem}"


def _relation_problem(field: str, relation: str) -> str | None:
    alternatives = [_RELATION.fullmatch(part.strip()) for part in relation.split("|")]
    if len(alternatives) > 1 and field not in _ALTERNATIVES:
        return "alternatives have no place here (7.1)"
    if "," in relation:
        return "write each package as an entry of its own (7.1)"
    if not all(alternatives):
        return "write 'name' or 'name (>= 1.2)', with one of <<, <=, =, >=, >> (7.1)"
    if field == "provides" and any(match and match["operator"] not in {None, "="} for match in alternatives):
        return "only '=' can give a version here (7.5)"
    return None


def _relation_field(relations: tuple[str, ...]) -> str:
    return ", ".join(_spelled(relation) for relation in relations)


def _spelled(relation: str) -> str:
    """`relation` with the blanks that dpkg writes."""
    matches = (_RELATION.fullmatch(part.strip()) for part in relation.split("|"))
    return " | ".join(
        f"{match['name']} ({match['operator']} {match['version']})" if match["operator"] else match["name"]
        for match in matches
        if match
    )
