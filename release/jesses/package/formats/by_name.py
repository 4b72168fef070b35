"""The package formats by their names in the configuration, and what each offers."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

from jesses.base.package import Package
from jesses.base.payload import Payload
from jesses.package.compression import Packer
from jesses.package.formats import deb, deb_likeness, rpm, rpm_likeness, tarball, tarball_likeness
from jesses.package.formats.assembled import Assembled


class Format(Protocol):
    """What a module of `jesses/package/formats/` offers for a kind of package file."""

    def contents(self, package: Package) -> Payload:
        """What the file will hold: the payload, with what the format adds and without what it has no word for."""

    def assemble(self, package: Package, packer: Packer) -> Assembled:
        """The package file, and what describes it.

        Raises:
            FormatError: the format forbids a name, a relation or a script of this package.

        """


FORMATS: Final[Mapping[str, Format]] = {"tarball": tarball, "deb": deb, "rpm": rpm}


class Differences(Protocol):
    """Tells where a package file that others have made is not the one that is planned."""

    def __call__(self, path: Path, planned: Package, *, libraries: bool) -> Iterator[str]:
        """What in the file at `path` the configuration decides and would be written otherwise for `planned`.

        With `libraries` a package asks for and offers the libraries that its programs tell.

        Raises:
            FormatError: it is no file of this format, or a damaged one.

        """


DIFFERENCES: Final[Mapping[str, Differences]] = {
    "tarball": tarball_likeness.differences,
    "deb": deb_likeness.differences,
    "rpm": rpm_likeness.differences,
}

COST: Final[Mapping[str, int]] = {"rpm": 2, "deb": 1, "tarball": 0}
"""Which of them takes longer to write: the payload of an RPM is digested twice."""
