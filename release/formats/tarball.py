"""A plain tarball: the payload below one directory, `<name>-<version>/`."""

from release import spelling
from release.compression import Packer
from release.formats import tar
from release.package import Package
from release.payload import Directory, Payload
from release.rope import Rope


def contents(package: Package) -> Payload:
    """The payload without ghosts."""
    return package.payload.without_ghosts()


def assemble(package: Package, packer: Packer) -> Rope:
    """`package` as a compressed tar archive; scripts and relations have no place in it."""
    top = f"{package.name}-{spelling.file_name(package.version)}"
    archive = packer.archive(package.compression)
    archive.write(tar.header(Directory(path="/"), name=top, date=package.date))
    tar.add_payload(archive, contents(package).with_parents(), packer, prefix=top, date=package.date)
    return archive.close().rope
