"""Takes over what a job has built: nothing of it is believed that the plan and the file itself can tell.

A job that builds holds no secret, and a stranger's pull request may have run in it. So the size and the digest of
a file are measured, and what only the configuration decides must be in the package as it would be written here.
"""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from jesses.base.artifact import Artifact
from jesses.base.bytes.atomic import PUBLIC, Written
from jesses.base.digest import sha256_of
from jesses.base.errors import FormatError, OutputError
from jesses.base.package import Package
from jesses.package.formats import sbom
from jesses.package.formats.by_name import DIFFERENCES
from jesses.package.recipe import outline
from jesses.pipeline.context import Context
from jesses.pipeline.handover import BUILD_AGAIN, Row
from jesses.pipeline.packaged import packaged
from jesses.pipeline.workspace import MANIFEST, PACKAGES, SBOMS
from jesses.plan.plan import PlannedPackage

_MOST_SBOM: Final = 256 << 20
_MOST_TOLD: Final = 20
_SAME_COMMIT: Final = "build and publish from the same commit"


def received(context: Context, directory: Path, rows: Mapping[str, Row]) -> Iterator[Artifact]:
    """The packages and bills of materials that `rows` of `directory` name, each copied to the output and checked.

    What was released already is not taken.

    Raises:
        OutputError: something is not in the plan, or is not what the plan has.

    """
    planned = {f"{PACKAGES}/{each.file_name}": each for each in context.inputs.plan.packages}
    documents = {_document(path): path for path in planned}
    for path in rows:
        if path not in planned and path not in documents:
            known = ", ".join(sorted(planned))
            raise OutputError(f"{path} is not in the plan, which has {known}", fix=_SAME_COMMIT)
        if documents.get(path, path) not in rows:
            raise OutputError(f"{directory} has {path} without what it is about", fix=BUILD_AGAIN)
    for path in planned.keys() & rows.keys():
        if not planned[path].released:
            yield from _received(context, directory, planned[path], rows)


def _document(path: str) -> str:
    """Where the bill of materials of the package file at `path` is."""
    return f"{SBOMS}/{path.removeprefix(PACKAGES + '/')}{sbom.SUFFIX}"


def _received(
    context: Context, directory: Path, planned: PlannedPackage, rows: Mapping[str, Row]
) -> Iterator[Artifact]:
    plan, path = context.inputs.plan, f"{PACKAGES}/{planned.file_name}"
    config = context.source(planned.component).config
    package = outline(planned, config=config, version=plan.versions[planned.component])
    copy = _copied(context, directory, path)
    written = Written(size=copy.stat().st_size, sha256=sha256_of(copy))
    artifact = packaged(copy, planned, package, written)
    _check_row(directory, rows[path], artifact.row(path))
    try:
        found = list(
            DIFFERENCES[planned.kind](copy, package, libraries=config.packages[planned.name].libraries)
        )
    except FormatError as error:
        raise OutputError(f"{directory / path}: {error.what}", fix=BUILD_AGAIN) from error
    if found:
        raise OutputError(
            f"{directory / path} is not the package that is planned:\n    "
            + "\n    ".join(found[:_MOST_TOLD]),
            fix=f"{_SAME_COMMIT}; where they are the same, somebody has changed it in the job that builds",
        )
    yield artifact
    if (document := _document(path)) in rows:
        described = sbom.described(artifact, _copied(context, directory, document))
        _check_row(directory, rows[document], described.row(document))
        _check_document(described.path, artifact, package, plan.project)
        yield described


def _copied(context: Context, directory: Path, name: str) -> Path:
    """A file of `directory` in the output; what is checked from here on is what will be published."""
    source, target = directory / name, context.tools.workspace.output / name
    if source.is_symlink() or source.parent.is_symlink() or not source.is_file():
        raise OutputError(f"{source} is no file, and {MANIFEST} has it", fix=BUILD_AGAIN)
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(PUBLIC)
    return target


def _check_row(directory: Path, row: Row, own: Row) -> None:
    wrong = [name for name in own.keys() | row.keys() if row.get(name, "") != own.get(name, "")]
    if wrong:
        told = ", ".join(f"{name} {own.get(name)}" for name in sorted(wrong))
        raise OutputError(
            f"{directory / str(own['path'])} is not what {MANIFEST} says: it has {told}", fix=BUILD_AGAIN
        )


def _check_document(path: Path, artifact: Artifact, package: Package, project: str) -> None:
    """See that a bill of materials is what is written on this package, with whatever files it lists."""
    if path.stat().st_size > _MOST_SBOM:
        raise OutputError(f"{path.name} has more than {_MOST_SBOM} bytes", fix=BUILD_AGAIN)
    data = path.read_bytes()
    try:
        subject = sbom.subject_of(artifact, package, sbom.files_in(data), project=project)
    except FormatError as error:
        raise OutputError(f"{path.name}: {error.what}", fix=BUILD_AGAIN) from error
    if sbom.document(subject) != data:
        raise OutputError(
            f"{path.name} is not about {artifact.path.name} as it was handed over", fix=BUILD_AGAIN
        )
