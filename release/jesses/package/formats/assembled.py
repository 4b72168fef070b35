"""A package file that was assembled, and what its repository wants to know of it, so that nobody reads it back."""

from dataclasses import dataclass

from jesses.base.bytes.rope import Rope
from jesses.package.formats.rpm_file import RpmFile


@dataclass(frozen=True, kw_only=True)
class DebDescription:
    """What an APT repository says of a DEB: as `deb_reader.control` and `deb_reader.paths` find it in the file.

    The paths begin with a slash here: they are those of the payload, and take no memory of their own.
    """

    control: str
    paths: tuple[str, ...]


Description = DebDescription | RpmFile
"""Of an RPM, what lies before its payload; signing moves the main header (`rpm_file.header_start`)."""


@dataclass(frozen=True, kw_only=True)
class Assembled:
    """The bytes of a package file, unsigned; `description` is None for formats that have no repository."""

    file: Rope
    description: Description | None = None
