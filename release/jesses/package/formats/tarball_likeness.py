"""Whether a tarball that others have made is the one that is planned: its name, and where its files lie."""

from collections.abc import Iterator
from pathlib import Path

from jesses.base.artifact import COMPRESSED
from jesses.base.errors import FormatError
from jesses.base.naming import spelling
from jesses.base.package import Package
from jesses.package.formats import packed_tar


def differences(path: Path, planned: Package, *, libraries: bool) -> Iterator[str]:  # noqa: ARG001 -- as others
    """What in the tarball at `path` does not lie where it does in one that is written for `planned`.

    Raises:
        FormatError: it is no such archive, or a damaged one.

    """
    top = f"{planned.name}-{spelling.file_name(planned.version)}"
    seen: set[str] = set()
    try:
        with (
            path.open("rb") as stream,
            packed_tar.reading(stream, COMPRESSED[planned.compression]) as archive,
        ):
            for member in archive:
                name = member.name
                if name.split("/")[0] != top or ".." in name.split("/"):
                    yield f"{name} does not lie in {top}/"
                elif name in seen:
                    yield f"{name} is there twice"
                elif not (member.isreg() or member.isdir() or member.issym()) or member.issparse():
                    yield f"{name} is neither a file, a directory nor a link"
                seen.add(name)
    except packed_tar.ERRORS as error:
        raise FormatError(f"this tarball cannot be read: {error}", fix="build it again") from error
    if top not in seen:
        yield f"it has no directory {top}/"
