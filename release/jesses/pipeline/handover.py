"""What a job that builds for some architectures hands to the one that publishes: a directory.

It holds the packages, `artifacts.json`, in `trees/` the staged trees that images are assembled from: as
tarballs, since what CI systems keep between jobs loses modes and links; and in `built/` what an engine saved.
"""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from jesses.base.artifact import Artifact
from jesses.base.digest import sha256_of
from jesses.base.errors import OutputError
from jesses.base.naming.arch import Arch
from jesses.pipeline.workspace import BUILT, MANIFEST, TREES
from jesses.plan.plan import Plan, PlannedImage

BUILD_AGAIN: Final = "build it again: invoke build --arch ARCH --dist DIR"


def artifacts_in(directory: Path) -> Iterator[Artifact]:
    """The artifacts of a directory, as its `artifacts.json` has them; each file is checked.

    Raises:
        OutputError: there is no such file, or a file is not what it says.

    """
    try:
        rows = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))["artifacts"]
        artifacts = [Artifact.of_row(each, directory) for each in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{directory} holds nothing that was built: {error}", fix=BUILD_AGAIN) from error
    for artifact in artifacts:
        if not artifact.path.is_file() or sha256_of(artifact.path) != artifact.published_sha256:
            raise OutputError(f"{artifact.path} is not what {MANIFEST} says", fix=BUILD_AGAIN)
    return iter(artifacts)


def pack_tree(tree: Path, directory: Path, *, build: str, arch: Arch) -> None:
    """Put a staged tree into `directory` as a tarball, without owners and times."""
    (directory / TREES).mkdir(exist_ok=True)

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        return member

    archive = directory / TREES / f"{build}-{arch}.tar"
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(tree.iterdir()):
            tar.add(path, path.name, filter=plain)


def unpack_trees(directory: Path, plan: Plan, target: Path) -> Iterator[tuple[tuple[str, Arch], Path]]:
    """The staged trees of a directory, by build and architecture, each unpacked below `target`."""
    for build in plan.builds:
        archive = directory / TREES / f"{build.build}-{build.arch}.tar"
        if archive.is_file():
            tree = target / archive.stem
            tree.mkdir(parents=True)
            with tarfile.open(archive) as tar:
                tar.extractall(tree, filter="data")
            yield (build.build, build.arch), tree


def saved_images(directory: Path, plan: Plan) -> Iterator[tuple[tuple[str, Arch], Path]]:
    """What engines saved in a directory, by image and architecture."""
    for image in plan.images:
        for arch in image.archives:
            if (archive := saved_image(directory, image, arch)).is_file():
                yield (image.name, arch), archive


def saved_image(directory: Path, image: PlannedImage, arch: Arch) -> Path:
    """Where a directory has what an engine saved of an image, if it has it."""
    return directory / BUILT / f"{image.name}-{arch}.tar"
