"""Whether a DEB that others have made is the one that is planned: what only the configuration decides in it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from msgspec import structs

from jesses.base.artifact import COMPRESSED
from jesses.base.package import SCRIPTS, Package
from jesses.package.formats import ar, deb_reader, debian_control
from jesses.package.formats.likeness import unlike

_CONTROL_PART: Final = frozenset(
    {".", *(f"./{name}" for name in ("control", "md5sums", "conffiles", "triggers", *SCRIPTS["deb"]))}
)
_FIELD: Final = re.compile(r"([!-9;-~]+): ([^\n]*(?:\n [^\n]*)*)\n")
_DIGITS: Final = 18
_LIBRARY: Final = re.compile(r"libc6 \(>= [0-9.]+\)", re.ASCII)


def differences(path: Path, planned: Package, *, libraries: bool) -> Iterator[str]:
    """What in the DEB at `path` is not as it is written for `planned`, whose files and scripts do not count.

    With `libraries` it may depend on the C library, too. Readers of DEBs disagree on what stands twice, so each
    part and each field is there once, and where it is written.

    Raises:
        FormatError: it is no DEB file, or a damaged one.

    """
    with path.open("rb") as stream:
        members = [member.name for member in ar.members(stream)]
    wanted = ["debian-binary", "control.tar.gz", "data.tar" + COMPRESSED[planned.compression]]
    if members != wanted:
        yield f"it has the parts {', '.join(members)}, and a DEB has {', '.join(wanted)}"
        return
    part = deb_reader.control_part(path)
    if len(set(part.names)) < len(part.names) or not _CONTROL_PART.issuperset(part.names):
        yield f"its control part has {', '.join(part.names)}, of which something is foreign or there twice"
        return
    yield from control_differences(part.control, planned, libraries=libraries)


def control_differences(control: str, planned: Package, *, libraries: bool) -> Iterator[str]:
    """As `differences`, for a control file alone."""
    own = _FIELD.findall(control)
    if "".join(f"{name}: {value}\n" for name, value in own) != control:
        yield "its control file is not one paragraph of fields without an empty line"
        return
    size, depends = dict(own).get("Installed-Size", ""), dict(own).get("Depends", "")
    if not (size.isascii() and size.isdecimal() and len(size) <= _DIGITS):
        yield f"Installed-Size is {size!r}"
        return
    stanza = debian_control.stanza(planned, installed_size=int(size))
    fields = dict(_FIELD.findall(stanza))
    rest = depends.removeprefix(fields.get("Depends", "")).removeprefix(", ")
    if libraries and _LIBRARY.fullmatch(rest):
        relations = structs.replace(planned.relations, depends=(*planned.relations.depends, rest))
        stanza = debian_control.stanza(replace(planned, relations=relations), installed_size=int(size))
    yield from unlike(own, _FIELD.findall(stanza))
