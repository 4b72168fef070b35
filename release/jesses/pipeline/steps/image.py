"""Assemble images from staged trees: an OCI layout each, and an archive for each architecture to load."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from jesses.base.artifact import Artifact
from jesses.base.bytes.atomic import write_file
from jesses.base.naming import spelling
from jesses.base.naming.arch import Arch
from jesses.base.parallel import ordered_map
from jesses.base.payload import Payload
from jesses.config import ImageTable as ImageConfigEntry
from jesses.image import docker_archive, oci_layout
from jesses.image.base import Base
from jesses.image.model import About, Image, ImageConfig
from jesses.image.oci_layout import ImageLayout
from jesses.image.write import write_layout
from jesses.package.compression import Packer
from jesses.package.elf import binaries
from jesses.package.formats.sbom import Digested, SbomSubject, image_url
from jesses.pipeline.context import Context, State
from jesses.pipeline.dockerfile import built
from jesses.pipeline.workspace import IMAGES
from jesses.plan.plan import PlannedImage


def image(context: Context, state: State) -> State:
    """Every planned image, below `images/` of the output."""
    directory = context.tools.workspace.output / IMAGES
    made: list[Artifact] = []
    subjects: list[SbomSubject] = []
    for planned in context.inputs.plan.images:
        if planned.skipped:
            context.tools.progress(f"{planned.name} is skipped: {planned.skipped}")
            continue
        directory.mkdir(exist_ok=True)
        context.tools.progress(planned.name)
        images, layout = _made(context, state, planned, directory / planned.name)
        archives = list(_archives(images, layout, planned))
        made += [_layout(images[0], layout, planned), *archives]
        manifests = {made.arch: made.descriptor.digest for made in layout.images}
        subjects += [
            _subject(archive, one, manifests[one.arch], _packer(context, state, planned))
            for archive, one in zip(archives, images, strict=True)
        ]
    return replace(state, artifacts=(*state.artifacts, *made), subjects=(*state.subjects, *subjects))


def _made(
    context: Context, state: State, planned: PlannedImage, directory: Path
) -> tuple[list[Image], ImageLayout]:
    """The image for each architecture, and its layout in `directory`.

    What another run of this release has built and staged is taken as it is: building again gives other bytes.
    """
    if planned.dockerfile and context.destinations.find_built(planned.name, directory):
        images = [_image(context, state, planned, arch, None) for arch in planned.archives]
        tag = spelling.oci_tag(images[0].version)
        return images, oci_layout.read(directory, name=planned.name, tag=tag, date=images[0].date)
    images = [
        _image(context, state, planned, arch, _base(context, state, planned, arch))
        for arch in planned.archives
    ]
    return images, write_layout(images, directory, _packer(context, state, planned))


def _packer(context: Context, state: State, planned: PlannedImage) -> Packer:
    """What an image shares with packages was compressed for them; the rest is for the image alone.

    That is said by the configuration: where a cache or another machine has the segments, bytes must not change.
    """
    config = state.sources[planned.component].config
    formats = (
        kind
        for package in config.packages.values()
        if package.build == planned.build
        for kind in package.formats
    )
    shared = any(getattr(config.compression, kind) == "gzip" for kind in formats)
    return context.tools.packer if shared else context.tools.quick


def _subject(archive: Artifact, image: Image, digest: str, packer: Packer) -> SbomSubject:
    return SbomSubject(
        artifact=archive,
        files=Digested(image.payload, packer.pack),
        summary=image.about.description,
        license=image.about.licenses,
        homepage=image.about.url,
        vendor=image.about.vendor,
        date=image.date,
        purl=image_url(image.name, digest, image.arch),
    )


def _layout(image: Image, layout: ImageLayout, planned: PlannedImage) -> Artifact:
    return Artifact(
        path=layout.directory,
        kind="image",
        component=planned.component,
        name=planned.name,
        version=image.version,
        arch="multi",
        size=layout.size,
        sha256=layout.descriptor.sha256,
    )


def _archives(images: Iterable[Image], layout: ImageLayout, planned: PlannedImage) -> Iterator[Artifact]:
    def write(made: Image) -> Artifact:
        path = layout.directory.with_name(planned.archives[made.arch])
        with docker_archive.assembled(layout, made.arch) as archive:
            written = write_file(path, archive)
        return Artifact(
            path=path,
            kind="image-archive",
            component=planned.component,
            name=planned.name,
            version=made.version,
            arch=made.arch,
            size=written.size,
            sha256=written.sha256,
        )

    return ordered_map(write, images)


def _image(context: Context, state: State, planned: PlannedImage, arch: Arch, base: Base | None) -> Image:
    source = state.sources[planned.component]
    project = source.config.project
    version = context.inputs.plan.versions[planned.component]
    wanted = source.config.images[planned.name]
    payload = _payload(context, state, planned, arch)
    if base is None:
        binaries.check(context.tools.reader.programs(payload), arch=arch, static=False, loaders=payload)
    return Image(
        name=planned.name,
        version=version.version,
        arch=arch,
        date=version.commit.date,
        payload=payload,
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


def _payload(context: Context, state: State, planned: PlannedImage, arch: Arch) -> Payload:
    if planned.dockerfile:
        return Payload.of(())
    source = state.sources[planned.component]
    version = context.inputs.plan.versions[planned.component]
    return context.tools.reader.payload(
        source.config.images[planned.name].contents,
        sources=source.directory,
        staged=state.trees[planned.build, arch],
        version=str(version.version),
    )


def _base(context: Context, state: State, planned: PlannedImage, arch: Arch) -> Base | None:
    if planned.dockerfile:
        return built(context, state, planned, arch)
    return context.destinations.find_base(planned)[arch] if planned.base else None


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
