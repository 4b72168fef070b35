"""RPM packages of format 4, which every rpm since 4.6 reads (rpm.org, "RPM V4 Package format")."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from jesses.base.bytes.rope import Rope
from jesses.base.errors import FormatError
from jesses.base.naming import spelling
from jesses.base.naming.arch import RPM
from jesses.base.package import RELATIONS, SCRIPTS, Package, Relations
from jesses.base.payload import File, Ghost, Payload
from jesses.package.compression import Archive, Packer
from jesses.package.formats import cpio, rpm_file, rpm_metadata, rpm_relations
from jesses.package.formats.assembled import Assembled
from jesses.package.formats.rpm_file import RpmFile, sign, unsigned_sha256
from jesses.package.formats.rpm_metadata import RELEASE, Item
from jesses.package.formats.rpm_tags import Tag

__all__ = ["RELEASE", "assemble", "contents", "sign", "unsigned_sha256"]


_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*", re.ASCII)
_VERSION: Final = re.compile(r"[A-Za-z0-9._+~^]+", re.ASCII)
# Of contents: with the headers and padding of an archive, and the headers of the package, 32 bits hold it.
_MOST_32: Final = (1 << 32) - (64 << 20)


def contents(package: Package) -> Payload:
    """The payload as it is."""
    return package.payload


def assemble(package: Package, packer: Packer) -> Assembled:
    """`package` as an RPM file, unsigned; it owns the directories of its payload and no others.

    Raises:
        FormatError: rpm forbids something in it.

    """
    _check(package)
    items = [
        Item.of(entry, packer.pack(entry.source) if isinstance(entry, File) else None)
        for entry in contents(package)
    ]
    archive = packer.archive(package.compression)
    _write_archive(items, archive, package.date)
    payload = archive.close()
    header = rpm_metadata.header(package, items, payload_sha256=packer.sha256(payload))
    large = sum(item.size for item in items) > _MOST_32
    del items  # of many files it takes as much memory as the header
    main = header.encode(Tag.REGION)
    signature = rpm_file.signature_header(
        main, payload_size=payload.rope.size, archive_size=payload.plain_size, large=large
    )
    lead = rpm_file.lead(f"{package.name}-{rpm_metadata.evr(package)}", RPM[package.arch])
    opening = rpm_file.opening(lead, signature)
    return Assembled(
        file=Rope.of(opening, main, payload.rope),
        description=RpmFile(
            lead=lead, signature=signature, header=header, header_bytes=main, header_start=len(opening)
        ),
    )


def _write_archive(items: Sequence[Item], archive: Archive, date: int) -> None:
    large = rpm_metadata.has_large_files(items)
    for index, item in enumerate(items):
        if isinstance(item.entry, Ghost):
            continue
        archive.write(
            cpio.stripped(index)
            if large
            else cpio.member(item.entry, kind=item.kind, inode=index + 1, date=date, size=item.size)
        )
        if item.content:
            archive.add(item.content)
        else:
            archive.write(item.target.encode())
        archive.write(cpio.padding(item.size))
    archive.write(cpio.trailer())


def _check(package: Package) -> None:
    problems = [
        *_text_problems(package),
        *_relation_problems(package.relations),
        *_script_problems(package),
    ]
    if problems:
        raise FormatError(
            f"rpm forbids this in the package {package.name}:\n    " + "\n    ".join(problems),
            fix="correct the package in release.toml",
        )


def _text_problems(package: Package) -> Iterator[str]:
    version = spelling.rpm(package.version)
    if not _NAME.fullmatch(package.name):
        yield f"the name {package.name!r}: write letters, digits and '._+-', starting with none of '.+-'"
    if not _VERSION.fullmatch(version):
        yield f"the version {version!r}: write letters, digits and '._+~^'"
    one_line = {
        "summary": package.summary,
        "license": package.license,
        "maintainer": package.maintainer,
    }
    for what, value in one_line.items():
        if not value.strip():
            yield f"the {what} is empty: rpm requires one"
    for what, value in {**one_line, "vendor": package.vendor, "homepage": package.homepage}.items():
        if not value.isprintable():
            yield f"the {what} {value!r}: write one line of plain text"
    if not package.description.strip():
        yield "the description is empty: rpm requires one"
    if "\0" in package.description:
        yield "the description holds a null character"


def _relation_problems(relations: Relations[str]) -> Iterator[str]:
    for field in RELATIONS:
        for relation in getattr(relations, field):
            if rpm_relations.parse(relation) is None:
                yield f"{relation!r} in {field}: write 'name' or 'name >= 1.2', with one of < <= = >= >"


def _script_problems(package: Package) -> Iterator[str]:
    triggers = {f"of the trigger on {trigger.path}": trigger.script for trigger in package.triggers}
    for name in package.scripts:
        if name not in SCRIPTS["rpm"]:
            yield f"a script {name!r} is unknown to rpm: use {', '.join(SCRIPTS['rpm'])}"
    for name, body in {**package.scripts, **triggers}.items():
        if "\r" in body:
            yield f"the script {name} has Windows line endings: write it with plain newlines"
        if "\0" in body:
            yield f"the script {name} holds a null character"
