"""An image to be made, as a value: its files, what an engine needs to run them, what it says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from semver import Version

from jesses.base.naming.arch import Arch
from jesses.base.payload import Payload
from jesses.image.base import Base

LAYER_TIME: Final = 1
"""Seconds since 1970 UTC, of every file: with the date of a version, a layer would be new in each.

Not 0, which some programs take for no time at all.
"""


@dataclass(frozen=True, kw_only=True)
class ImageConfig:
    """What an engine needs to run the image ("config.md").

    `user` is `<uid>` or `<uid>:<gid>`: there is no /etc/passwd to look a name up. `exposed_ports` are
    `<port>`, `<port>/tcp` or `<port>/udp`.
    """

    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    exposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    working_dir: str = ""


@dataclass(frozen=True, kw_only=True)
class About:
    """What the image says of itself: the annotations `org.opencontainers.image.*` ("annotations.md").

    `revision` is the commit, `source` the URL of the repository, `licenses` an SPDX expression. Empty ones
    are left out.
    """

    title: str = ""
    description: str = ""
    licenses: str = ""
    vendor: str = ""
    authors: str = ""
    url: str = ""
    documentation: str = ""
    source: str = ""
    revision: str = ""


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image for one architecture, resolved; a value, so the same image gives the same bytes.

    `name` is a repository name, with or without a registry (`kestrel`, `ghcr.io/example/kestrel`). `date` is
    seconds since 1970 UTC, and when the image was created. Files inside have `LAYER_TIME` instead.
    """

    name: str
    version: Version
    arch: Arch
    date: int
    payload: Payload
    large: int
    """Bytes from which on a file gets a layer of its own."""
    config: ImageConfig = field(default_factory=ImageConfig)
    about: About = field(default_factory=About)
    base: Base | None = None
    groups: tuple[tuple[str, ...], ...] = ()
    """Paths that share a layer."""
