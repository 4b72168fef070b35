"""Whether an RPM that others have made is the one that is planned: what only the configuration decides in it."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from jesses.base.naming.arch import RPM
from jesses.base.package import Package
from jesses.package.formats import rpm_file, rpm_metadata, rpm_relations
from jesses.package.formats.likeness import unlike
from jesses.package.formats.rpm_file import RpmFile
from jesses.package.formats.rpm_header import Header
from jesses.package.formats.rpm_relations import PROVIDES, REQUIRES
from jesses.package.formats.rpm_tags import SigTag, Tag

_FILES: Final = frozenset(
    {
        *(Tag.DIRNAMES, Tag.DIRINDEXES, Tag.BASENAMES, Tag.SIZE, Tag.LONGSIZE, Tag.FILESIZES),
        *(Tag.LONGFILESIZES, Tag.FILEMODES, Tag.FILEMTIMES, Tag.FILEDIGESTS, Tag.FILEDIGESTALGO),
        *(Tag.FILELINKTOS, Tag.FILEFLAGS, Tag.FILEUSERNAME, Tag.FILEGROUPNAME, Tag.FILEVERIFYFLAGS),
        *(Tag.FILERDEVS, Tag.FILEDEVICES, Tag.FILEINODES, Tag.FILELANGS, Tag.PAYLOADDIGEST),
    }
)
_SCRIPTS: Final = frozenset(
    {
        *(
            tag
            for script, interpreter, _ in rpm_metadata.SCRIPT_TAGS.values()
            for tag in (script, interpreter)
        ),
        *(tag for tag in Tag if tag.name.startswith("TRANSFILETRIGGER")),
    }
)
_BUILT: Final = frozenset({*_FILES, *_SCRIPTS, *REQUIRES, *PROVIDES})
"""What a build decides, and what follows from it; provides have a rule of their own."""

_LIBRARY: Final = re.compile(r"[^\s()]+\([^\s()]*\)\(64bit\)", re.ASCII)


def differences(path: Path, planned: Package, *, libraries: bool) -> Iterator[str]:
    """What in the RPM at `path` is not as it is written for `planned`, whose files and scripts do not count.

    With `libraries` it may provide those that it brings. Readers of RPMs disagree on what stands twice or outside
    of the region, so both headers are as they are written here, byte for byte.

    Raises:
        FormatError: it is no RPM package, or a damaged one.

    """
    with path.open("rb") as stream:
        file = rpm_file.read(stream)
    if file.signed:
        yield "it is signed, and what is built is not"
    if not _is_written_here(file, planned):
        yield "its lead or its headers are not as they are written here"
        return
    wanted = rpm_metadata.header(planned, (), payload_sha256="")
    yield from unlike(_decided(file.header), _decided(wanted))
    provided, expected = _provides(file.header), _provides(wanted)
    if lacking := expected - provided:
        yield f"it does not provide {_listed(lacking)}"
    if foreign := {each for each in provided - expected if not _follows(each, planned, libraries=libraries)}:
        yield f"it provides {_listed(foreign)}, which the plan does not have"


def _is_written_here(file: RpmFile, planned: Package) -> bool:
    """Headers in one region, each tag once, and the lead of this package."""
    tags = [entry.tag for entry in file.header.entries]
    return (
        len(set(tags)) == len(tags)
        and file.header.encode(Tag.REGION) == file.header_bytes
        and file.lead == rpm_file.lead(f"{planned.name}-{rpm_metadata.evr(planned)}", RPM[planned.arch])
        and rpm_file.LEAD_SIZE + len(_padded(file.signature.encode(SigTag.REGION))) == file.header_start
    )


def _padded(header: bytes) -> bytes:
    return header + bytes(-len(header) % 8)


def _decided(header: Header) -> list[tuple[str, str]]:
    return [
        (_name(entry.tag), f"{entry.type.name} {_value(header, entry.tag)}")
        for entry in header.entries
        if entry.tag not in _BUILT
    ]


def _name(tag: int) -> str:
    return Tag(tag).name if tag in set(Tag) else f"tag {tag}"


def _value(header: Header, tag: int) -> str:
    entry = header.find(tag)
    return repr(entry.data) if entry else ""


Provided = tuple[str, int, str]


def _provides(header: Header) -> frozenset[Provided]:
    name, sense, evr = PROVIDES
    return frozenset(zip(header.texts(name), header.numbers(sense), header.texts(evr), strict=False))


def _follows(provided: Provided, planned: Package, *, libraries: bool) -> bool:
    """Whether this comes with the files of a package: its configuration, or a library."""
    own = rpm_relations.of_configuration(planned.name, rpm_metadata.evr(planned))
    if provided == (own.name, int(own.sense), own.evr):
        return True
    name, sense, evr = provided
    return libraries and sense == 0 and not evr and _LIBRARY.fullmatch(name) is not None


def _listed(provided: Iterable[Provided]) -> str:
    return ", ".join(sorted(f"{name} {evr}".rstrip() for name, _, evr in provided))
