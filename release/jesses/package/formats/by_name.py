"""The package formats by their names in the configuration, and what each offers."""

from collections.abc import Mapping
from typing import Final, Protocol

from jesses.base.package import Package
from jesses.base.payload import Payload
from jesses.package.compression import Packer
from jesses.package.formats import deb, rpm, tarball
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

COST: Final[Mapping[str, int]] = {"rpm": 2, "deb": 1, "tarball": 0}
"""Which of them takes longer to write: the payload of an RPM is digested twice."""
