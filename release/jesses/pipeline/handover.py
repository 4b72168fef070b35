"""What a job that builds for some architectures hands to the one that publishes: a directory.

It holds the packages, `artifacts.json`, in `trees/` the staged trees that images are assembled from: as
tarballs, since what CI systems keep between jobs loses modes and links; and in `built/` what an engine saved.
Jobs that build are trusted with what they build and with nothing else: all of it is checked as it is taken over.
"""

import posixpath
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from jesses.base import inside
from jesses.base.errors import OutputError
from jesses.base.naming.arch import Arch
from jesses.pipeline.workspace import BUILT, MANIFEST, TREES
from jesses.plan.plan import Plan, PlannedImage

BUILD_AGAIN: Final = "build it again: invoke build --arch ARCH --dist DIR"

_MOST: Final = 16 << 20
"""Bytes of `artifacts.json`, which has some 300 for each file."""

Row = dict[str, str | int | None]


class HandedOver(msgspec.Struct, frozen=True):
    """What `artifacts.json` of a job that builds says; `commits` has what each component was made from."""

    project: str
    commits: dict[str, str]
    artifacts: list[Row]


def commits_of(plan: Plan) -> dict[str, str]:
    """The commit of each component, as `artifacts.json` has them."""
    return {name: version.commit.sha for name, version in plan.versions.items()}


def handed_over(directory: Path, plan: Plan) -> Mapping[str, Row]:
    """The rows of `artifacts.json` in a directory by their paths; what they say is not believed yet.

    Raises:
        OutputError: there is no such file, or it is of another project or of other commits than the plan.

    """
    try:
        found = msgspec.json.decode(_bounded(inside.file(directory, MANIFEST)), type=HandedOver)
        rows = {str(row["path"]): row for row in found.artifacts}
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError) as error:
        raise OutputError(f"{directory} holds nothing that was built: {error}", fix=BUILD_AGAIN) from error
    if len(rows) < len(found.artifacts):
        raise OutputError(f"{directory / MANIFEST} has a file twice", fix=BUILD_AGAIN)
    if found.project != plan.project:
        raise OutputError(
            f"{directory} was built for {found.project}, not for {plan.project}", fix=BUILD_AGAIN
        )
    planned = commits_of(plan)
    for component in planned.keys() | found.commits.keys():
        built, wanted = found.commits.get(component, "none"), planned.get(component, "none")
        if built != wanted:
            raise OutputError(
                f"{directory} has {component} as of commit {built[:12]}, and the plan has {wanted[:12]}",
                fix="build and publish from the same commit, and leave tags where they are in between",
            )
    return rows


def _bounded(path: Path) -> bytes:
    with path.open("rb") as stream:
        data = stream.read(_MOST + 1)
    if len(data) > _MOST:
        raise OutputError(f"{path} has more than {_MOST} bytes", fix=BUILD_AGAIN)
    return data


def pack_tree(tree: Path, directory: Path, *, build: str, arch: Arch) -> None:
    """Put a staged tree into `directory` as a tarball, without owners and times; links stay as they are."""
    (directory / TREES).mkdir(exist_ok=True)

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        return member

    archive = directory / TREES / f"{build}-{arch}.tar"
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(tree.iterdir()):
            tar.add(path, path.name, filter=plain)


def staged_trees(directory: Path, plan: Plan) -> Iterator[tuple[tuple[str, Arch], Path]]:
    """The tarballs of a directory's staged trees, by build and architecture."""
    for build in plan.builds:
        archive = inside.file(directory, f"{TREES}/{build.build}-{build.arch}.tar")
        if archive.is_file():
            yield (build.build, build.arch), archive


def unpack_tree(archive: Path, tree: Path) -> None:
    """Unpack a staged tree into the new directory `tree`.

    Links are made last, with the text that they have: none is followed, so wherever they lead, nothing is written
    there.

    Raises:
        OutputError: there is something else in it than files, directories and links, or it is damaged.

    """
    tree.mkdir(parents=True)
    try:
        with tarfile.open(archive, "r:") as tar:
            members = list(tar)
            _check_members(members)
            plain = [member for member in members if not member.issym()]
            tar.extractall(tree, plain, filter="data")
            for link in members:
                if link.issym():
                    _make_link(link, tree)
    except (tarfile.TarError, OSError, ValueError) as error:
        raise OutputError(f"{archive} is no staged tree: {error}", fix=BUILD_AGAIN) from error


def _check_members(members: Iterable[tarfile.TarInfo]) -> None:
    """See that each is there once, and that hard links are to files before them."""
    seen: dict[str, tarfile.TarInfo] = {}
    for member in members:
        if member.name in seen or member.name != posixpath.normpath(member.name).lstrip("/"):
            raise tarfile.TarError(f"{member.name} is there twice, or spelled in a way of its own")
        if member.issparse():
            raise tarfile.TarError(f"{member.name} has holes")
        if member.islnk() and not (member.linkname in seen and seen[member.linkname].isreg()):
            raise tarfile.TarError(f"{member.name} is a second name of {member.linkname}, which is no file")
        seen[member.name] = member


def _make_link(link: tarfile.TarInfo, tree: Path) -> None:
    """Make a symbolic link with its text; it must lie in `tree`, whatever links are there already."""
    inside = tarfile.data_filter(link.replace(linkname=".", deep=False), str(tree))
    place = tree / inside.name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(link.linkname)


def saved_images(directory: Path, plan: Plan) -> Iterator[tuple[tuple[str, Arch], Path]]:
    """What engines saved in a directory, by image and architecture."""
    for image in plan.images:
        for arch in image.archives:
            if (archive := saved_image(directory, image, arch)).is_file():
                yield (image.name, arch), archive


def saved_image(directory: Path, image: PlannedImage, arch: Arch) -> Path:
    """Where a directory has what an engine saved of an image, if it has it."""
    return inside.file(directory, f"{BUILT}/{image.name}-{arch}.tar")
