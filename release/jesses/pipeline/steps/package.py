"""Turn staged trees into package files."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from jesses.base.artifact import Artifact
from jesses.base.bytes.atomic import write_file
from jesses.base.package import Package
from jesses.base.parallel import ordered_map
from jesses.base.payload import File
from jesses.package.formats.assembled import Description
from jesses.package.formats.by_name import COST, FORMATS
from jesses.package.formats.sbom import Digested, SbomSubject, subject_of
from jesses.package.recipe import package_of
from jesses.pipeline.context import Context, State
from jesses.pipeline.packaged import packaged
from jesses.pipeline.workspace import PACKAGES
from jesses.plan.plan import PlannedPackage


def package(context: Context, state: State) -> State:
    """Every planned package file, below `packages/` of the output."""
    directory = context.tools.workspace.output / PACKAGES
    directory.mkdir(exist_ok=True)
    values: list[tuple[PlannedPackage, Package]] = []

    def found() -> Iterator[File]:
        for planned in context.inputs.plan.packages:
            if not planned.released:
                value = _package(context, state, planned)
                values.append((planned, value))
                yield from value.payload.files

    context.tools.packer.prepare(found())
    made: list[Artifact] = []
    subjects: list[SbomSubject] = []
    for (artifact, description), (planned, value) in zip(
        ordered_map(
            lambda pair: _write(context, *pair, directory), values, cost=lambda pair: COST[pair[0].kind]
        ),
        values,
        strict=True,
    ):
        context.tools.progress(planned.file_name)
        made.append(artifact)
        context.tools.descriptions.note(artifact, description)
        files = Digested(FORMATS[planned.kind].contents(value), context.tools.packer.pack)
        subjects.append(subject_of(artifact, value, files, project=context.inputs.plan.project))
    return replace(
        state,
        artifacts=(*state.artifacts, *made),
        subjects=(*state.subjects, *subjects),
    )


def _package(context: Context, state: State, planned: PlannedPackage) -> Package:
    source = state.sources[planned.component]
    return package_of(
        planned,
        config=source.config,
        version=context.inputs.plan.versions[planned.component],
        sources=source.directory,
        staged=state.trees[planned.build, planned.arch],
        scratch=context.tools.workspace.scratch / "debug",
        reader=context.tools.reader,
    )


def _write(
    context: Context, planned: PlannedPackage, value: Package, directory: Path
) -> tuple[Artifact, Description | None]:
    path = directory / planned.file_name
    assembled = FORMATS[planned.kind].assemble(value, context.tools.packer)
    return packaged(path, planned, value, write_file(path, assembled.file)), assembled.description
