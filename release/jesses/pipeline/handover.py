"""From the jobs that build, one for each architecture, to the one that publishes: a directory with what was made.

It holds the packages, `artifacts.json`, in `trees/` the staged trees that images are assembled from: as
tarballs, since what CI systems keep between jobs loses modes and links; and in `built/` what an engine saved.
"""

import json
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.digest import sha256_of
from jesses.base.errors import OutputError
from jesses.base.naming.arch import Arch
from jesses.package.formats.sbom import SUFFIX
from jesses.pipeline.context import Context, State
from jesses.pipeline.steps.dockerfile import SAVED
from jesses.pipeline.workspace import MANIFEST
from jesses.plan.plan import Plan, PlannedBuild, PlannedImage, PlannedPackage

TREES = "trees"
_AGAIN = "build it again: invoke build --arch ARCH --dist DIR"


def hand_over(context: Context, state: State) -> State:
    """Write what another machine needs to go on from here."""
    output = context.workspace.output
    needed = {image.build for image in context.plan.images}
    for (build, arch), tree in state.trees.items():
        if build in needed:
            (output / TREES).mkdir(exist_ok=True)
            _pack(tree, output / TREES / f"{build}-{arch}.tar")
    rows = [row(artifact, output) for artifact in state.artifacts]
    data = {"project": context.plan.project, "artifacts": rows}
    (output / MANIFEST).write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return state


def collect(directories: Sequence[Path]) -> Callable[[Context, State], State]:
    """A step that takes over what was built in `directories`; what was released already stays as it is.

    Raises:
        OutputError: something there is damaged, or was made from another commit.

    """

    def step(context: Context, state: State) -> State:
        found = {artifact.path.name: artifact for artifact in state.artifacts}
        trees, saved = dict(state.trees), dict(state.saved)
        for directory in directories:
            for artifact in read(directory):
                if artifact.path.name not in found:
                    found[artifact.path.name] = _taken(context, directory, artifact)
            trees |= dict(_trees(context, directory))
            saved |= dict(_saved(context, directory))
        return replace(state, trees=trees, saved=saved, artifacts=tuple(found.values()))

    return step


def read(directory: Path) -> Iterator[Artifact]:
    """The artifacts of a directory, as its `artifacts.json` has them; each file is checked.

    Raises:
        OutputError: there is no such file, or a file is not what it says.

    """
    try:
        rows = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))["artifacts"]
        artifacts = [_artifact(directory, each) for each in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{directory} holds nothing that was built: {error}", fix=_AGAIN) from error
    for artifact in artifacts:
        if not artifact.path.is_file() or sha256_of(artifact.path) != artifact.published_sha256:
            raise OutputError(f"{artifact.path} is not what {MANIFEST} says", fix=_AGAIN)
    return iter(artifacts)


def row(artifact: Artifact, output: Path) -> dict[str, Any]:
    """An artifact as `artifacts.json` has it."""
    return {
        "path": artifact.path.relative_to(output).as_posix(),
        "kind": artifact.kind,
        "name": artifact.name,
        "component": artifact.component,
        "version": str(artifact.version),
        "arch": artifact.arch,
        "size": artifact.size,
        "sha256": artifact.sha256,
        "signed_sha256": artifact.signed_sha256,
    }


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
            any(_saved_in(directory, image, arch).is_file() for directory in directories)
            for arch in image.archives
        )

    return replace(
        plan,
        images=tuple(replace(image, skipped="") if is_here(image) else image for image in plan.images),
    )


def without(plan: Plan, state: State) -> Plan:
    """What of a plan is not in `state` yet."""
    made = {artifact.path.name for artifact in state.artifacts}
    packages = tuple(package for package in plan.packages if package.file_name not in made)
    needed = {(package.build, package.arch) for package in packages}
    needed |= {(image.build, arch) for image in plan.images for arch in image.archives}
    needed -= set(state.trees)
    return replace(
        plan,
        builds=tuple(build for build in plan.builds if (build.build, build.arch) in needed),
        packages=packages,
    )


def check_handed_over(context: Context, state: State) -> State:
    """See that the jobs that build have handed over all that is made for a machine: the rest is made here.

    Raises:
        OutputError: something is missing.

    """
    made = {artifact.path.name for artifact in state.artifacts}
    packages = [package for package in context.plan.packages if package.arch != "noarch"]
    lacking = {package.file_name: package.arch for package in packages if package.file_name not in made}
    lacking |= {
        f"the staged tree {image.build} for {image.name}": arch
        for image in context.plan.images
        for arch in image.archives
        if not image.dockerfile and (image.build, arch) not in state.trees
    }
    if lacking:
        options = " ".join(f"--arch {arch}" for arch in sorted(set(lacking.values())))
        raise OutputError(
            f"nobody has built {', '.join(lacking)}",
            fix=f"invoke build {options} --dist DIR, on such a machine",
        )
    return state


def check_complete(context: Context, state: State) -> State:
    """See that nothing of the plan is missing, before anything is published.

    Raises:
        OutputError: something is.

    """
    made = {artifact.path.name for artifact in state.artifacts}
    images = [image for image in context.plan.images if not image.skipped]
    fresh = [package.file_name for package in context.plan.packages if not package.released]
    fresh += [name for image in images for name in image.archives.values()]
    wanted = [package.file_name for package in context.plan.packages if package.released]
    wanted += [*(image.name for image in images), *fresh, *(name + SUFFIX for name in fresh)]
    if lacking := [name for name in wanted if name not in made]:
        raise OutputError(f"planned and missing: {', '.join(lacking)}", fix=_AGAIN)
    return state


def in_order(plan: Plan, state: State) -> State:
    """`state` with its artifacts in the order of the plan, as one machine would have made them."""
    names = [package.file_name for package in plan.packages]
    names += [name for image in plan.images for name in (image.name, *image.archives.values())]
    order = {name: at for at, name in enumerate(names)}

    def place(artifact: Artifact) -> tuple[bool, int]:
        is_sbom = artifact.kind == "sbom"
        return is_sbom, order[artifact.path.name.removesuffix(SUFFIX) if is_sbom else artifact.path.name]

    return replace(state, artifacts=tuple(sorted(state.artifacts, key=place)))


def _taken(context: Context, directory: Path, artifact: Artifact) -> Artifact:
    planned = {package.file_name for package in context.plan.packages}
    name = artifact.path.name.removesuffix(SUFFIX)
    if name not in planned:
        known = ", ".join(sorted(planned))
        raise OutputError(
            f"{name} is not in the plan, which has {known}",
            fix="build and publish from the same commit",
        )
    path = context.workspace.output / artifact.path.relative_to(directory)
    path.parent.mkdir(exist_ok=True)
    shutil.copyfile(artifact.path, path)
    return replace(artifact, path=path)


def _trees(context: Context, directory: Path) -> Iterator[tuple[tuple[str, Arch], Path]]:
    for build in context.plan.builds:
        archive = directory / TREES / f"{build.build}-{build.arch}.tar"
        if archive.is_file():
            tree = context.workspace.scratch / "staged" / archive.stem
            tree.mkdir(parents=True)
            with tarfile.open(archive) as tar:
                tar.extractall(tree, filter="data")
            yield (build.build, build.arch), tree


def _saved(context: Context, directory: Path) -> Iterator[tuple[tuple[str, Arch], Path]]:
    for image in context.plan.images:
        for arch in image.archives:
            if (archive := _saved_in(directory, image, arch)).is_file():
                yield (image.name, arch), archive


def _saved_in(directory: Path, image: PlannedImage, arch: Arch) -> Path:
    return directory / SAVED / f"{image.name}-{arch}.tar"


def _pack(tree: Path, archive: Path) -> None:
    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        return member

    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(tree.iterdir()):
            tar.add(path, path.name, filter=plain)


def _artifact(directory: Path, data: dict[str, Any]) -> Artifact:
    path = Path(data["path"])
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{path} leaves the directory")
    return Artifact(
        path=directory / path,
        kind=data["kind"],
        component=data["component"],
        name=data["name"],
        version=Version.parse(data["version"]),
        arch=data["arch"],
        size=data["size"],
        sha256=data["sha256"],
        signed_sha256=data["signed_sha256"],
    )
