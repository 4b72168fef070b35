"""What repositories say of the package files of a run: known from when they were written, or read from them."""

from dataclasses import dataclass, field, replace

from jesses.base.artifact import Artifact
from jesses.package.formats import deb_reader, rpm_file
from jesses.package.formats.assembled import DebDescription, Description
from jesses.package.formats.rpm_file import RpmFile


@dataclass(frozen=True)
class Descriptions:
    """Descriptions of packages by their digest before signing.

    What this run has written is noted and not read back. What comes from elsewhere, such as from a job that
    builds, is not noted, so it is always read.
    """

    _written: dict[str, Description] = field(default_factory=dict)

    def note(self, artifact: Artifact, description: Description | None) -> None:
        """Keep what a package says that was written just now; formats without a repository have nothing."""
        if description:
            self._written[artifact.sha256] = description

    def control(self, deb: Artifact) -> str:
        """The control file of a DEB, ending in one newline; raises `FormatError` where it is none."""
        found = self._written.get(deb.sha256)
        return found.control if isinstance(found, DebDescription) else deb_reader.control(deb.path)

    def paths(self, deb: Artifact) -> list[str]:
        """The paths in a DEB that are no directories; raises `FormatError` where it is none."""
        found = self._written.get(deb.sha256)
        if isinstance(found, DebDescription):
            return [path.lstrip("/") for path in found.paths]
        return deb_reader.paths(deb.path)

    def rpm(self, rpm: Artifact) -> RpmFile:
        """What lies before the payload of an RPM; raises `FormatError` where it is none.

        A signature moves the main header, so where that starts is asked of the file.
        """
        found = self._written.get(rpm.sha256)
        with rpm.path.open("rb") as stream:
            if isinstance(found, RpmFile):
                return replace(found, header_start=rpm_file.header_start(stream))
            return rpm_file.read(stream)
