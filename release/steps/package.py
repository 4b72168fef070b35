"""Turn staged trees into package files."""

from dataclasses import replace
from pathlib import Path

from release import scripts
from release.artifact import Artifact
from release.config.models import FormatOptions
from release.config.models import Package as PackageConfig
from release.contents import resolve
from release.digest import sha256_of
from release.formats.registry import FORMATS
from release.output import new_file
from release.package import Package, Relations
from release.parallel import each
from release.payload import Payload
from release.plan import PlannedPackage
from release.resources import packaging_data
from release.steps import Context, State
from release.version import ComponentVersion

DIRECTORY = "packages"
_RELATIONS = ("depends", "recommends", "suggests", "conflicts", "provides", "replaces")


def package(context: Context, state: State) -> State:
    """Every planned package file, below `packages/` of the output."""
    directory = context.workspace.output / DIRECTORY
    directory.mkdir()
    values = [
        (planned, _package(context, planned, state.trees[planned.build, planned.arch]))
        for planned in context.plan.packages
    ]
    context.packer.prepare(file.source for _, value in values for file in value.payload.files)
    made = []
    for artifact in each(lambda pair: _write(context, *pair, directory), values):
        context.progress(artifact.path.name)
        made.append(artifact)
    return replace(state, artifacts=(*state.artifacts, *made))


def _write(context: Context, planned: PlannedPackage, value: Package, directory: Path) -> Artifact:
    path = directory / planned.file_name
    with new_file(path) as out:
        FORMATS[planned.kind].write(value, out, context.packer)
    return Artifact(
        path=path,
        kind=planned.kind,
        component=planned.component,
        name=value.name,
        version=value.version,
        arch=planned.arch,
        size=path.stat().st_size,
        sha256=sha256_of(path),
    )


def _package(context: Context, planned: PlannedPackage, tree: Path) -> Package:
    """The package that the configuration describes, for one format and architecture."""
    config, version = context.config, context.plan.versions[planned.component]
    wanted = config.packages[planned.name]
    options = _options(wanted, planned.kind)
    contents = (entry for entry in wanted.contents if planned.kind in entry.formats)
    return Package(
        name=planned.name,
        version=version.version,
        arch=planned.arch,
        date=version.commit.date,
        summary=wanted.summary or config.project.summary,
        description=wanted.description.strip(),
        license=wanted.license or config.project.license,
        homepage=config.project.homepage,
        maintainer=config.project.maintainer,
        vendor=config.project.vendor,
        section=options.section or "misc",
        compression=planned.compression,
        payload=Payload.of(
            resolve(contents, sources=context.directory, staged=tree, version=str(version.version))
        ).with_own_directories(),
        relations=Relations(**{key: getattr(wanted, key) + getattr(options, key) for key in _RELATIONS}),
        scripts=_scripts(context, planned, wanted, options, version),
    )


def _options(wanted: PackageConfig, kind: str) -> FormatOptions:
    return {"deb": wanted.deb, "rpm": wanted.rpm}.get(kind, FormatOptions())


def _scripts(
    context: Context,
    planned: PlannedPackage,
    wanted: PackageConfig,
    options: FormatOptions,
    version: ComponentVersion,
) -> dict[str, str]:
    if planned.kind == "tarball":
        return {}
    return scripts.compose(
        planned.kind,
        packaging_data() / "snippets",
        own={
            script: (context.directory / source).read_text(encoding="utf-8")
            for script, source in options.scripts.items()
        },
        services=wanted.services,
        dkms=(wanted.dkms, str(version.version)) if wanted.dkms else None,
    )
