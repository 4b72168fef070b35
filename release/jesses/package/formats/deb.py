"""Debian binary packages, format 2.0 (deb(5))."""

import tarfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

from jesses.base.artifact import COMPRESSED, Compression
from jesses.base.bytes.rope import Rope
from jesses.base.errors import FormatError
from jesses.base.naming import spelling
from jesses.base.package import SCRIPTS, Package
from jesses.base.payload import Directory, File, Payload, Symlink
from jesses.package.compression import Packer, gzipped
from jesses.package.formats import ar, debian_control, tar
from jesses.package.formats.assembled import Assembled, DebDescription


def assemble(package: Package, packer: Packer) -> Assembled:
    """`package` as a DEB file, with a changelog where the payload has none.

    Raises:
        FormatError: Debian Policy or dpkg forbids something in it.

    """
    _check(package)
    payload = contents(package).with_parents()
    stanza = debian_control.stanza(package, installed_size=_installed_size(payload, packer))
    control = Payload.of(_control_files(package, stanza, payload, packer))
    members = {
        "debian-binary": Rope.of(b"2.0\n"),
        # Always gzip: every dpkg reads it, and it is small.
        "control.tar.gz": _tar(control, packer, package.date, "gzip"),
        "data.tar" + COMPRESSED[package.compression]: _tar(
            payload, packer, package.date, package.compression
        ),
    }
    paths = (entry.path for entry in payload if not isinstance(entry, Directory))
    return Assembled(
        file=ar.archive(members, date=package.date),
        description=DebDescription(control=stanza, paths=tuple(paths)),
    )


def _check(package: Package) -> None:
    problems = [*debian_control.problems(package), *_script_problems(package.scripts)]
    if f"{_documentation(package)}/copyright" not in {entry.path for entry in package.payload}:
        problems.append(f"{_documentation(package)}/copyright is missing: put the licence there (12.5)")
    if problems:
        raise FormatError(
            f"Debian Policy forbids this in the package {package.name}:\n    " + "\n    ".join(problems),
            fix="correct the package in release.toml",
        )


def _script_problems(scripts: Mapping[str, str]) -> Iterator[str]:
    for name, text in scripts.items():
        if name not in SCRIPTS["deb"]:
            yield f"a script {name!r} is unknown to dpkg: use {', '.join(SCRIPTS['deb'])} (6.1)"
        if not text.startswith("#!"):
            yield f"the script {name} does not start with '#!': write '#!/bin/sh' there (6.1)"
        if "\r" in text:
            yield f"the script {name} has Windows line endings: write it with plain newlines"


def _documentation(package: Package) -> str:
    return f"/usr/share/doc/{package.name}"


def contents(package: Package) -> Payload:
    """The payload with the changelog of a native package (Policy 12.7), unless the product brings one.

    Native, since the spelling of a version has no Debian revision. Ghosts are the business of scripts.
    """
    payload = package.payload.without_ghosts()
    path = f"{_documentation(package)}/changelog.gz"
    present = {entry.path for entry in payload}
    if path in present or f"{_documentation(package)}/changelog.Debian.gz" in present:
        return payload
    changelog = File(path=path, source=gzipped(_changelog(package).encode()), doc=True)
    return Payload.of((*payload, changelog))


def _changelog(package: Package) -> str:
    date = format_datetime(datetime.fromtimestamp(package.date, UTC))
    return (
        f"{package.name} ({spelling.deb(package.version)}) unstable; urgency=medium\n\n"
        f"  * Release {package.version}.\n\n"
        f" -- {package.maintainer}  {date}\n"
    )


def _installed_size(payload: Payload, packer: Packer) -> int:
    """KiB as dpkg-gencontrol counts: files and links rounded up, 1 for a directory, the root included."""
    total = 1
    for entry in payload:
        match entry:
            case File():
                total += _kibibytes(packer.pack(entry.source).size)
            case Symlink():
                total += _kibibytes(len(entry.target.encode()))
            case Directory():
                total += 1
    return total


def _kibibytes(size: int) -> int:
    return -(-size // 1024)


def _control_files(package: Package, stanza: str, payload: Payload, packer: Packer) -> Iterator[File]:
    configuration = [file for file in payload.files if _is_configuration(file)]
    # dpkg keeps digests of configuration files itself, so dh_md5sums(1) leaves them out.
    digested = (file for file in payload.files if not _is_configuration(file))
    digests = (f"{packer.pack(file.source).md5}  {file.path[1:]}" for file in digested)
    yield File(path="/control", source=stanza.encode())
    yield File(path="/md5sums", source=_lines(digests))
    if configuration:
        yield File(path="/conffiles", source=_lines(file.path for file in configuration))
    if package.trigger_lines:
        yield File(path="/triggers", source=_lines(package.trigger_lines))
    for name, text in package.scripts.items():
        yield File(path=f"/{name}", source=text.encode(), mode=0o755)


def _lines(lines: Iterable[str]) -> bytes:
    joined = bytearray()
    for line in lines:
        joined += f"{line}\n".encode()
    return bytes(joined)


def _is_configuration(file: File) -> bool:
    """Policy 10.7.2: what lies in /etc is configuration, marked or not."""
    return file.config or file.path.startswith("/etc/")


def _tar(payload: Payload, packer: Packer, date: int, compression: Compression) -> Rope:
    archive = packer.archive(compression)
    archive.write(tar.header(Directory(path="/"), name=".", date=date, dialect=tarfile.GNU_FORMAT))
    tar.add_payload(archive, payload, packer, prefix=".", date=date, dialect=tarfile.GNU_FORMAT)
    return archive.close().rope
