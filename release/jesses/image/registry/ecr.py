"""Amazon's registries: credentials that last twelve hours, and repositories that must be made first.

ECR Public and private ECR have interfaces of their own, reached through boto3; what is pushed and pulled is
the ordinary protocol.
"""

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from jesses.base.errors import RegistryError
from jesses.base.naming.arch import Arch
from jesses.image.registry.auth import Credential

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient
    from types_boto3_ecr_public import ECRPublicClient

PUBLIC_HOST: Final = "public.ecr.aws"
PUBLIC_REGION: Final = "us-east-1"
"""The only region that knows ECR Public's tokens and repositories."""

_PRIVATE: Final = re.compile(r"\d{12}\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_ARCHITECTURES: Final[Mapping[Arch, str]] = {"x86_64": "x86-64", "aarch64": "ARM 64"}
"""What the gallery calls them (CreateRepository, `catalogData.architectures`)."""
_LONGEST_DESCRIPTION: Final = 1024


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """What the gallery shows of a repository; `description` is one line, `about` and `usage` are Markdown."""

    description: str
    about: str
    usage: str
    architectures: Sequence[Arch]


class AmazonRegistry(Protocol):
    """What AWS offers for a registry of its own, beside the protocol that every registry speaks."""

    @property
    def anonymous(self) -> bool:
        """Whether anybody may read from it."""

    def credential(self) -> Credential:
        """A token for the registry.

        Raises:
            RegistryError: AWS gives none.

        """

    def create(self, repository: str, catalog: Catalog) -> None:
        """Have the repository there.

        Raises:
            RegistryError: AWS refuses.

        """


class PublicRegistry:
    """ECR Public. In AWS a repository has no alias of its registry in front of its name."""

    anonymous: Final = True

    def __init__(self, make_client: Callable[[], "ECRPublicClient"] | None = None) -> None:
        self._make_client = make_client or (lambda: boto3.client("ecr-public", region_name=PUBLIC_REGION))

    def credential(self) -> Credential:
        with _translated("ask for a token of ECR Public"):
            answer = self._make_client().get_authorization_token()
        return _credential(answer["authorizationData"]["authorizationToken"])

    def create(self, repository: str, catalog: Catalog) -> None:
        name = repository.partition("/")[2]
        with _translated(f"make the repository {name} in ECR Public"):
            client = self._make_client()
            if not _exists(client, name):
                client.create_repository(
                    repositoryName=name,
                    catalogData={
                        "description": catalog.description[:_LONGEST_DESCRIPTION],
                        "aboutText": catalog.about,
                        "usageText": catalog.usage,
                        "architectures": [_ARCHITECTURES[arch] for arch in catalog.architectures],
                        "operatingSystems": ["Linux"],
                    },
                )


class PrivateRegistry:
    """The ECR of an account in a region, which has no gallery."""

    anonymous: Final = False

    def __init__(self, region: str, make_client: Callable[[], "ECRClient"] | None = None) -> None:
        self._make_client = make_client or (lambda: boto3.client("ecr", region_name=region))

    def credential(self) -> Credential:
        with _translated("ask for a token of ECR"):
            answer = self._make_client().get_authorization_token()
        return _credential(answer["authorizationData"][0]["authorizationToken"])

    def create(self, repository: str, _catalog: Catalog) -> None:
        with _translated(f"make the repository {repository} in ECR"):
            client = self._make_client()
            if not _exists(client, repository):
                client.create_repository(repositoryName=repository)


def registry_of(host: str) -> AmazonRegistry | None:
    """Amazon's interface for the registry `host`; None where it is not Amazon's."""
    if host == PUBLIC_HOST:
        return PublicRegistry()
    found = _PRIVATE.fullmatch(host)
    return PrivateRegistry(found["region"]) if found else None


def _exists(client: "ECRPublicClient | ECRClient", name: str) -> bool:
    try:
        client.describe_repositories(repositoryNames=[name])
    except client.exceptions.RepositoryNotFoundException:
        return False
    return True


def _credential(token: str) -> Credential:
    user, _, password = base64.b64decode(token).decode().partition(":")
    return Credential(username=user, password=password, source="AWS")


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        detail = error.response.get("Error", {})
        raise RegistryError(
            f"AWS does not let us {what}: {detail.get('Code')} {detail.get('Message')}",
            fix="give this AWS user or role the permission that it names",
        ) from error
    except BotoCoreError as error:
        raise RegistryError(
            f"cannot {what}: {error}", fix="set AWS credentials, as for any AWS tool, or see the network"
        ) from error
