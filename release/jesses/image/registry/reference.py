"""Names of images: which registry, which repository in it, which tag or digest."""

import re
from dataclasses import dataclass, replace
from typing import Final, Self

from jesses.base.digest import is_digest
from jesses.base.errors import RegistryError
from jesses.base.origin import is_loopback
from jesses.image.names import DOCKER_HUB, REPOSITORY, TAG, split_host

_HUB_API: Final = "registry-1.docker.io"
_HUB_NAMES: Final = frozenset({DOCKER_HUB, "index.docker.io", _HUB_API})
_HOST: Final = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9a-fA-F:]+\](:[0-9]+)?")
_SCHEMES: Final = ("https", "http")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """An image, or a prefix of repositories, in a registry.

    `host` is as users write it (`docker.io`), `scheme` how to reach it.
    """

    scheme: str
    host: str
    repository: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `[SCHEME://][HOST/]REPOSITORY[:TAG][@DIGEST]`.

        Without a scheme it is https, and http on loopback, as Docker has it. Without a host it is Docker Hub.

        >>> str(Reference.parse("debian:12"))
        'docker.io/library/debian:12'

        Raises:
            RegistryError: it is no such name.

        """
        reference = cls.parse_prefix(text)
        if reference.host == DOCKER_HUB and "/" not in reference.repository:
            return replace(reference, repository=f"library/{reference.repository}")
        return reference

    @classmethod
    def parse_prefix(cls, text: str) -> Self:
        """Read what stands before the names of repositories, such as `docker.io/example`.

        Raises:
            RegistryError: it is no such name.

        """
        scheme, _, rest = text.rpartition("://")
        rest, _, digest = rest.partition("@")
        host, name = _split_host(rest)
        name, _, tag = name.partition(":")
        made = cls(
            scheme=scheme or ("http" if _is_loopback(host) else "https"),
            host=host,
            repository=name,
            tag=tag,
            digest=digest,
        )
        if problem := made._problem():
            raise RegistryError(f"{text!r} is no image name: {problem}", fix="write HOST/REPOSITORY:TAG")
        return made

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return self.name + tag + digest

    @property
    def name(self) -> str:
        """The repository with its host, without tag and digest; a signature names an image so."""
        return f"{self.host}/{self.repository}"

    @property
    def target(self) -> str:
        """What the registry is asked for: the digest, or else the tag, or else `latest`."""
        return self.digest or self.tag or "latest"

    @property
    def url(self) -> str:
        """Where the registry's protocol begins."""
        return f"{self.scheme}://{_HUB_API if self.host == DOCKER_HUB else self.host}"

    def below(self, name: str) -> Self:
        """The repository `name` below this prefix."""
        return replace(self, repository=f"{self.repository}/{name}", tag="", digest="")

    def _problem(self) -> str:
        if self.scheme not in _SCHEMES:
            return f"the scheme {self.scheme} is not https or http"
        if not _HOST.fullmatch(self.host):
            return f"{self.host!r} is no host"
        if not REPOSITORY.fullmatch(self.repository):
            return "use lower-case letters, digits and single '.', '_', '-', '/'"
        if self.tag and not TAG.fullmatch(self.tag):
            return f"{self.tag!r} is no tag"
        if self.digest and not is_digest(self.digest):
            return f"{self.digest!r} is not sha256: and 64 hexadecimal digits"
        return ""


def _is_loopback(host: str) -> bool:
    """Whether `HOST[:PORT]` is this machine."""
    return is_loopback(host if host.endswith("]") else host.rsplit(":", 1)[0])


def _split_host(text: str) -> tuple[str, str]:
    host, rest = split_host(text)
    return (DOCKER_HUB if not host or host in _HUB_NAMES else host), rest
