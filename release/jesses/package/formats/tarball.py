"""A plain tarball: the payload below one directory, `<name>-<version>/`."""

from jesses.base.naming import spelling
from jesses.base.package import Package
from jesses.base.payload import Directory, Payload
from jesses.package.compression import Packer
from jesses.package.formats import tar
from jesses.package.formats.assembled import Assembled


def contents(package: Package) -> Payload:
    """The payload without ghosts."""
    return package.payload.without_ghosts()


def assemble(package: Package, packer: Packer) -> Assembled:
    """`package` as a compressed tar archive; scripts and relations have no place in it."""
    top = f"{package.name}-{spelling.file_name(package.version)}"
    archive = packer.archive(package.compression)
    archive.write(tar.header(Directory(path="/"), name=top, date=package.date))
    tar.add_payload(archive, contents(package).with_parents(), packer, prefix=top, date=package.date)
    return Assembled(file=archive.close().rope)
