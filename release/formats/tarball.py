"""A plain tarball: the payload below one directory, `<name>-<version>/`."""

from typing import BinaryIO

from release import spelling
from release.compression import Packer
from release.formats import tar
from release.package import Package
from release.payload import Directory, Payload


def contents(package: Package) -> Payload:
    """The payload without ghosts."""
    return package.payload.without_ghosts()


def write(package: Package, out: BinaryIO, packer: Packer) -> None:
    """Write `package` as a compressed tar archive; scripts and relations have no place in it."""
    top = f"{package.name}-{spelling.file_name(package.version)}"
    archive = packer.archive(out, package.compression)
    archive.write(tar.header(Directory(path="/"), name=top, date=package.date))
    tar.add_payload(archive, contents(package).with_parents(), packer, prefix=top, date=package.date)
    archive.close()
