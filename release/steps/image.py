"""Assemble images from staged trees: an OCI layout each, and an archive for each architecture to load."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from release.arch import Arch
from release.artifact import Artifact
from release.config import Image as ImageConfigEntry
from release.contents import resolve
from release.digest import sha256_of
from release.formats import docker_archive
from release.formats.base import Base
from release.formats.image import About, Image, ImageConfig, ImageIndex, write_layout
from release.payload import Payload
from release.plan import PlannedImage
from release.steps import Context, State

DIRECTORY = "images"


def image(context: Context, state: State) -> State:
    """Every planned image, below `images/` of the output."""
    directory = context.workspace.output / DIRECTORY
    made: list[Artifact] = []
    for planned in context.plan.images:
        directory.mkdir(exist_ok=True)
        context.progress(planned.name)
        bases = context.find_base(planned.base, tuple(planned.archives)) if planned.base else {}
        images = [
            _image(context, planned, arch, state.trees[planned.build, arch], bases.get(arch))
            for arch in planned.archives
        ]
        index = write_layout(images, directory / planned.name, context.packer)
        made += [_layout(images[0], index, planned), *_archives(images, index, planned)]
    return replace(state, artifacts=(*state.artifacts, *made))


def _layout(image: Image, index: ImageIndex, planned: PlannedImage) -> Artifact:
    return Artifact(
        path=index.directory,
        kind="image",
        component=planned.component,
        name=planned.name,
        version=image.version,
        arch="multi",
        size=index.size,
        sha256=index.descriptor.sha256,
    )


def _archives(images: Iterable[Image], index: ImageIndex, planned: PlannedImage) -> Iterator[Artifact]:
    for made in images:
        path = index.directory.with_name(planned.archives[made.arch])
        partial = path.with_name(f".{path.name}.partial")
        with partial.open("wb") as out:
            docker_archive.write(index, made.arch, out)
        partial.rename(path)
        yield Artifact(
            path=path,
            kind="image-archive",
            component=planned.component,
            name=planned.name,
            version=made.version,
            arch=made.arch,
            size=path.stat().st_size,
            sha256=sha256_of(path),
        )


def _image(context: Context, planned: PlannedImage, arch: Arch, tree: Path, base: Base | None) -> Image:
    project = context.config.project
    version = context.plan.versions[planned.component]
    wanted = context.config.images[planned.name]
    entries = resolve(wanted.contents, sources=context.directory, staged=tree, version=str(version.version))
    return Image(
        name=planned.name,
        version=version.version,
        arch=arch,
        date=version.commit.date,
        payload=Payload.of(entries),
        config=_run_configuration(wanted),
        base=base,
        groups=wanted.layers,
        large=wanted.large_file,
        about=About(
            title=planned.name,
            description=project.summary,
            licenses=project.license,
            vendor=project.vendor,
            authors=project.maintainer,
            url=project.homepage,
            source=project.source or project.homepage,
            revision=version.commit.sha,
        ),
    )


def _run_configuration(wanted: ImageConfigEntry) -> ImageConfig:
    return ImageConfig(
        entrypoint=wanted.entrypoint,
        cmd=wanted.command,
        env=wanted.environment,
        labels=wanted.labels,
        user=wanted.user or "",
        exposed_ports=wanted.ports,
        volumes=wanted.volumes,
        working_dir=wanted.working_directory,
    )
