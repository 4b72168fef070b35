"""A package file that is planned and there, as an artifact: made here, or handed over."""

from pathlib import Path

from jesses.base.artifact import Artifact
from jesses.base.bytes.atomic import Written
from jesses.base.package import Package
from jesses.plan.plan import PlannedPackage


def packaged(path: Path, planned: PlannedPackage, package: Package, written: Written) -> Artifact:
    """The file at `path`, which holds `package` as it is planned; `written` are its size and digest."""
    return Artifact(
        path=path,
        kind=planned.kind,
        component=planned.component,
        name=package.name,
        version=package.version,
        arch=planned.arch,
        size=written.size,
        sha256=written.sha256,
    )
