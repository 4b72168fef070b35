"""Amazon's interface, checked against botocore's own model of the services."""

import base64
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from jesses.base.errors import RegistryError
from jesses.image.registry import ecr
from jesses.image.registry.ecr import Catalog, PrivateRegistry, PublicRegistry

TOKEN = base64.b64encode(b"AWS:secret").decode()
CATALOG = Catalog(description="Sees", about="# Hawk", usage="docker run", architectures=("x86_64", "aarch64"))
DATE = datetime(2026, 1, 1, tzinfo=UTC)


def client(service: str) -> Any:  # noqa: ANN401
    return boto3.client(
        service,  # type: ignore[call-overload]
        region_name=ecr.PUBLIC_REGION,
        aws_access_key_id="x",
        aws_secret_access_key="y",
    )


def test_a_token_of_ecr_public() -> None:
    public = client("ecr-public")
    with Stubber(public) as stub:
        data = {"authorizationToken": TOKEN, "expiresAt": DATE}
        stub.add_response("get_authorization_token", {"authorizationData": data}, {})
        credential = PublicRegistry(lambda: public).credential()
    assert (credential.username, credential.password, credential.source) == ("AWS", "secret", "AWS")


def test_a_token_of_private_ecr() -> None:
    private = client("ecr")
    with Stubber(private) as stub:
        data = [{"authorizationToken": TOKEN, "expiresAt": DATE, "proxyEndpoint": "https://x"}]
        stub.add_response("get_authorization_token", {"authorizationData": data}, {})
        assert PrivateRegistry("eu-west-1", lambda: private).credential().password == "secret"


def test_a_missing_repository_is_made_with_what_the_gallery_shows() -> None:
    public = client("ecr-public")
    with Stubber(public) as stub:
        named = {"repositoryNames": ["team/hawk"]}
        stub.add_client_error("describe_repositories", "RepositoryNotFoundException", expected_params=named)
        catalog = {
            "description": "Sees",
            "aboutText": "# Hawk",
            "usageText": "docker run",
            "architectures": ["x86-64", "ARM 64"],
            "operatingSystems": ["Linux"],
        }
        stub.add_response(
            "create_repository",
            {"repository": {"repositoryName": "team/hawk"}},
            {"repositoryName": "team/hawk", "catalogData": catalog},
        )
        PublicRegistry(lambda: public).create("alias/team/hawk", CATALOG)
        stub.assert_no_pending_responses()


def test_a_repository_that_is_there_stays_as_it_is() -> None:
    private = client("ecr")
    with Stubber(private) as stub:
        stub.add_response("describe_repositories", {"repositories": []}, {"repositoryNames": ["hawk"]})
        PrivateRegistry("eu-west-1", lambda: private).create("hawk", CATALOG)
        stub.add_client_error("describe_repositories", "RepositoryNotFoundException")
        stub.add_response("create_repository", {}, {"repositoryName": "hawk"})
        PrivateRegistry("eu-west-1", lambda: private).create("hawk", CATALOG)
        stub.assert_no_pending_responses()


def test_what_aws_refuses_is_said() -> None:
    public = client("ecr-public")
    with Stubber(public) as stub:
        stub.add_client_error("get_authorization_token", "AccessDeniedException", "not authorized to perform")
        with pytest.raises(RegistryError, match="AccessDeniedException not authorized"):
            PublicRegistry(lambda: public).credential()


def test_hosts_of_amazon_are_known() -> None:
    assert isinstance(ecr.registry_of("public.ecr.aws"), PublicRegistry)
    assert isinstance(ecr.registry_of("123456789012.dkr.ecr.eu-west-1.amazonaws.com"), PrivateRegistry)
    assert ecr.registry_of("docker.io") is None
