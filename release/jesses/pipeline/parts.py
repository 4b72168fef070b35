"""Parts of a plan: what one of several machines makes of it, and what is left for the one that joins them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from jesses.base.artifact import Artifact
from jesses.base.naming.arch import Arch
from jesses.package.formats.sbom import SUFFIX
from jesses.pipeline.context import State
from jesses.pipeline.handover import saved_image
from jesses.plan.plan import Plan, PlannedBuild, PlannedImage, PlannedPackage


def for_architectures(plan: Plan, architectures: Iterable[Arch]) -> Plan:
    """The part of a plan that is built and packaged on one machine. Images stay: they name the trees to keep.

    Packages for every architecture are part of it where the Dockerfile of an image may install them.
    """
    wanted = frozenset(architectures)
    installs = {
        image.component
        for image in plan.images
        if image.dockerfile and not image.skipped and wanted & set(image.archives)
    }

    def is_part(made: PlannedBuild | PlannedPackage) -> bool:
        return made.arch in wanted or (made.arch == "noarch" and made.component in installs)

    return replace(
        plan,
        builds=tuple(build for build in plan.builds if is_part(build)),
        packages=tuple(package for package in plan.packages if is_part(package)),
    )


def with_images(plan: Plan, directories: Sequence[Path]) -> Plan:
    """A plan that leaves out no image for want of an engine which other machines have built."""

    def is_here(image: PlannedImage) -> bool:
        return bool(image.dockerfile) and all(
            any(saved_image(directory, image, arch).is_file() for directory in directories)
            for arch in image.archives
        )

    return replace(
        plan,
        images=tuple(replace(image, skipped="") if is_here(image) else image for image in plan.images),
    )


def only_images(plan: Plan) -> Plan:
    """The part of a plan that is left where builds and packages were handed over."""
    return replace(plan, builds=(), packages=())


def in_order(plan: Plan, state: State) -> State:
    """`state` with its artifacts in the order of the plan, as one machine would have made them."""
    names = [package.file_name for package in plan.packages]
    names += [name for image in plan.images for name in (image.name, *image.archives.values())]
    order = {name: at for at, name in enumerate(names)}

    def rank(artifact: Artifact) -> tuple[bool, int]:
        is_sbom = artifact.kind == "sbom"
        return is_sbom, order[artifact.path.name.removesuffix(SUFFIX) if is_sbom else artifact.path.name]

    return replace(state, artifacts=tuple(sorted(state.artifacts, key=rank)))
