"""Images that a Docker engine builds from a Dockerfile, one architecture at a time."""

import shutil
from pathlib import Path
from typing import Final

from jesses.base import inside
from jesses.base.errors import EngineError, PayloadError
from jesses.base.naming.arch import OCI, Arch
from jesses.image import docker_save
from jesses.image.base import Base
from jesses.pipeline.context import Context, State
from jesses.plan.plan import PlannedImage

REPOSITORY: Final = "release"
"""Where a Dockerfile finds the packages that are released with it."""


def built(context: Context, state: State, planned: PlannedImage, arch: Arch) -> Base:
    """What an engine made of the Dockerfile, as the whole of the image.

    Raises:
        CommandError: the Dockerfile fails.
        EngineError: there is no engine, or it built for another architecture.
        FormatError: what was handed over is damaged.

    """
    scratch = context.tools.workspace.scratch / "layers" / f"{planned.name}-{arch}"
    scratch.parent.mkdir(exist_ok=True)
    archive = state.saved.get((planned.name, arch))
    if archive is None:
        archive = scratch.with_suffix(".tar")
        build_image(context, state, planned, arch, archive)
    made = docker_save.read(archive, scratch, context.tools.packer)
    if made.config.arch != arch:
        raise EngineError(
            f"the engine built {planned.name} for {made.config.architecture}, not for {OCI[arch]}",
            fix="name a base that is there for both architectures: FROM scratch takes the engine's own",
        )
    return made


def build_image(context: Context, state: State, planned: PlannedImage, arch: Arch, archive: Path) -> None:
    """Build the Dockerfile, and save the image as `archive`.

    It finds what lies beside it, and in `release/apt` a repository with the packages of its component.

    Raises:
        CommandError: the Dockerfile fails.
        EngineError: no engine answers.
        PayloadError: the Dockerfile would be read, or the repository written, through a link that leads out.

    """
    directory = context.tools.workspace.scratch / "built" / f"{planned.name}-{arch}"
    _copy_context(inside.file(state.sources[planned.component].directory, str(planned.dockerfile)), directory)
    packages = tuple(
        artifact
        for artifact in state.artifacts
        if artifact.component == planned.component and artifact.kind == "deb"
    )
    repository = directory / REPOSITORY
    repository.mkdir(exist_ok=True)
    if packages:
        context.tools.make_repository(packages, repository)
    context.tools.engine.build(
        directory,
        platform=f"linux/{OCI[arch]}",
        arguments=_arguments(context, state, planned, arch),
        target=archive,
    )


def _copy_context(dockerfile: Path, directory: Path) -> None:
    """What lies beside a Dockerfile, links as they are; it is called `Dockerfile` there."""
    shutil.copytree(dockerfile.parent, directory, symlinks=True)
    target = directory / "Dockerfile"
    if dockerfile.name != target.name or target.is_symlink():
        target.unlink(missing_ok=True)  # never written through a link
        shutil.copyfile(dockerfile, target)
    if (directory / REPOSITORY).is_symlink():
        raise PayloadError(
            f"{dockerfile.parent / REPOSITORY} is a link, where a repository of the packages is made",
            fix="give it another name",
        )


def _arguments(context: Context, state: State, planned: PlannedImage, arch: Arch) -> dict[str, str]:
    version = context.inputs.plan.versions[planned.component]
    own = state.sources[planned.component].config.images[planned.name].arguments
    return {
        "JESSES_VERSION": str(version.version),
        "JESSES_COMMIT": version.commit.sha,
        "JESSES_ARCH": arch,
        "SOURCE_DATE_EPOCH": str(version.commit.date),
        **{name: value.replace("{version}", str(version.version)) for name, value in own.items()},
    }
