"""What the configuration and the files of an image may say: every problem that no engine takes, found at once."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import Final

from jesses.base.errors import FormatError
from jesses.base.naming.arch import MACHINES, OCI
from jesses.base.payload import File, Payload, Symlink, parents
from jesses.image.model import Image, ImageConfig
from jesses.image.names import REPOSITORY, split_name

_REGISTRY: Final = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?")
_USER: Final = re.compile(r"[0-9]+(:[0-9]+)?")
_PORT: Final = re.compile(r"[0-9]+(-[0-9]+)?(/(tcp|udp|sctp))?")
_VARIABLE: Final = re.compile(r"[^=\0]+")
_HIGHEST_ID: Final = 2**31 - 1
"""Of users and groups: engines refuse more."""
_MERGED: Final = ("/bin/", "/sbin/", "/lib/", "/lib64/")
"""Where distributions keep links to /usr."""
_WHITEOUT: Final = ".wh."
"""Such names delete files of lower layers ("layer.md", "Whiteouts")."""


def check(images: Sequence[Image]) -> None:
    """See that `images` can be made: one image, given once for each architecture.

    Raises:
        FormatError: an image cannot be; the message lists every problem.

    """
    if len({(image.name, image.version, image.date) for image in images}) != 1:
        raise FormatError(
            "a layout holds one name, version and date", fix="give one image, once for each architecture"
        )
    problems = list(dict.fromkeys(problem for image in images for problem in _problems(image)))
    if len({image.arch for image in images}) != len(images):
        problems.append("an architecture is given twice")
    if problems:
        raise FormatError(
            f"the image {images[0].name} cannot be made:\n    " + "\n    ".join(problems),
            fix="correct the image in release.toml",
        )


def _problems(image: Image) -> Iterator[str]:
    registry, name = split_name(image.name)
    if not (_REGISTRY.fullmatch(registry) and REPOSITORY.fullmatch(name)):
        yield f"{image.name!r} is no image name: use lower-case letters, digits and single '.', '_', '-', '/'"
    if image.arch not in OCI:
        yield f"an image is made for one of {', '.join(MACHINES)}, not for {image.arch}"
    yield from _config_problems(image.config)
    yield from _payload_problems(image.payload)
    yield from _program_problems(image)
    if image.base:
        yield from (
            f"{entry.path}: in a base /{entry.path.split('/')[1]} may be a link, which this would replace: "
            f"use /usr{entry.path}"
            for entry in image.payload
            if entry.path.startswith(_MERGED)
        )


def _config_problems(config: ImageConfig) -> Iterator[str]:
    if config.user and not _is_user(config.user):
        yield f"user {config.user!r} is not <uid> or <uid>:<gid>; the image has no /etc/passwd to look it up"
    for port in config.exposed_ports:
        if not _PORT.fullmatch(port):
            yield f"exposed port {port!r} is not like 8080, 8080/tcp or 8080/udp"
    for path in filter(None, (config.working_dir, *config.volumes)):
        if not path.startswith("/") or posixpath.normpath(path) != path:
            yield f"{path!r} is not an absolute path without '.', '..' or '//'"
    for name in config.env:
        if not _VARIABLE.fullmatch(name):
            yield f"{name!r} is no name of an environment variable"


def _payload_problems(payload: Payload) -> Iterator[str]:
    for entry in payload:
        for owner in (entry.owner, entry.group):
            if owner != "root" and not (owner.isdecimal() and _is_user(owner)):
                yield f"{entry.path} belongs to {owner!r}: without /etc/passwd write root or a number"
        if posixpath.basename(entry.path).startswith(_WHITEOUT):
            yield f"{entry.path}: in an image, names that begin with {_WHITEOUT!r} delete files"


def _program_problems(image: Image) -> Iterator[str]:
    """A program that is named by its whole path must be there, unless a symbolic link may lead to it."""
    program = next(iter((*image.config.entrypoint, *image.config.cmd)), "")
    if not program.startswith("/"):
        return
    entries = {entry.path: entry for entry in image.payload}
    on_the_way = [entries.get(path) for path in (program, *parents(program))]
    if any(isinstance(entry, Symlink) for entry in on_the_way):
        return
    entry = entries.get(program)
    if entry is None and image.base:
        return
    if not isinstance(entry, File):
        yield f"it is to run {program}, which is not in it"
    elif not entry.mode & 0o111:
        yield f"it is to run {program}, which is not executable"


def _is_user(text: str) -> bool:
    return bool(_USER.fullmatch(text)) and all(int(part) <= _HIGHEST_ID for part in text.split(":"))
