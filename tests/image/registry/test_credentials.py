"""Where credentials are looked for, and in which order."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from jesses.base.errors import CommandError, RegistryError
from jesses.image.registry import credentials
from jesses.image.registry.auth import Credential

LOGIN = base64.b64encode(b"me:from the file").decode()


def no_helper(program: str, server: str) -> str:
    raise AssertionError(f"{program} is asked for {server}")


def found(host: str, configuration: dict[str, Any], directory: Path, **options: Any) -> Credential | None:  # noqa: ANN401
    (directory / ".docker").mkdir(exist_ok=True)
    (directory / ".docker" / "config.json").write_text(json.dumps(configuration))
    options = {"environment": {}, "ask_helper": no_helper, **options}
    return credentials.find(host, home=directory, **options)


@pytest.mark.parametrize(
    ("host", "user", "password"),
    [
        ("docker.io", "DOCKERHUB_USERNAME", "DOCKERHUB_TOKEN"),
        ("docker.io", "JESSES_REGISTRY_DOCKER_IO_USERNAME", "JESSES_REGISTRY_DOCKER_IO_PASSWORD"),
        ("ghcr.io", "GITHUB_ACTOR", "GITHUB_TOKEN"),
        (
            "127.0.0.1:5000",
            "JESSES_REGISTRY_127_0_0_1_5000_USERNAME",
            "JESSES_REGISTRY_127_0_0_1_5000_PASSWORD",
        ),
    ],
)
def test_the_environment_comes_first(tmp_path: Path, host: str, user: str, password: str) -> None:
    environment = {user: "ci", password: "secret"}
    credential = found(host, {"auths": {host: {"auth": LOGIN}}}, tmp_path, environment=environment)
    assert credential == Credential(username="ci", password="secret", source=password)


def test_half_of_a_pair_is_none(tmp_path: Path) -> None:
    assert found("docker.io", {}, tmp_path, environment={"DOCKERHUB_TOKEN": "secret"}) is None


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("docker.io", "https://index.docker.io/v1/"),
        ("registry.example.org", "registry.example.org"),
        ("registry.example.org", "https://registry.example.org"),
    ],
)
def test_a_login_in_the_file_is_found(tmp_path: Path, host: str, key: str) -> None:
    credential = found(host, {"auths": {key: {"auth": LOGIN}}}, tmp_path)
    assert credential
    assert (credential.username, credential.password) == ("me", "from the file")
    assert credential.source == str(tmp_path / ".docker/config.json")


def test_an_identity_token_in_the_file_is_found(tmp_path: Path) -> None:
    entry = {"auth": LOGIN, "identitytoken": "token"}
    credential = found("a.example", {"auths": {"a.example": entry}}, tmp_path)
    assert credential
    assert credential.identity_token == "token"


def test_a_helper_of_the_registry_is_asked_before_the_file(tmp_path: Path) -> None:
    asked = []

    def helper(program: str, server: str) -> str:
        asked.append((program, server))
        return json.dumps({"ServerURL": server, "Username": "me", "Secret": "from the helper"})

    configuration = {"auths": {"a.example": {"auth": LOGIN}}, "credHelpers": {"a.example": "pass"}}
    credential = found("a.example", configuration, tmp_path, ask_helper=helper)
    assert credential == Credential(
        username="me", password="from the helper", source="docker-credential-pass"
    )
    assert found(
        "docker.io", {"auths": {"docker.io": {}}, "credsStore": "store"}, tmp_path, ask_helper=helper
    )
    assert asked == [
        ("docker-credential-pass", "a.example"),
        ("docker-credential-store", "https://index.docker.io/v1/"),
    ]


def test_a_helper_may_give_an_identity_token(tmp_path: Path) -> None:
    answer = json.dumps({"Username": "<token>", "Secret": "token"})
    credential = found("a.example", {"credsStore": "x"}, tmp_path, ask_helper=lambda *_: answer)
    assert credential
    assert credential.identity_token == "token"


def test_a_helper_that_knows_nothing_leaves_us_anonymous(tmp_path: Path) -> None:
    def helper(program: str, server: str) -> str:
        raise CommandError("failed", output="credentials not found in native keychain\n")

    assert found("a.example", {"credsStore": "x"}, tmp_path, ask_helper=helper) is None


def test_a_helper_that_fails_is_an_error(tmp_path: Path) -> None:
    def missing(program: str, server: str) -> str:
        raise CommandError(f"cannot run {program}: No such file or directory")

    with pytest.raises(RegistryError, match="docker-credential-x gives no credential for a"):
        found("a.example", {"credsStore": "x"}, tmp_path, ask_helper=missing)
    with pytest.raises(RegistryError, match="docker-credential-x gives no credential for a"):
        found("a.example", {"credsStore": "x"}, tmp_path, ask_helper=lambda *_: "nonsense")


def test_without_any_configuration_we_are_anonymous(tmp_path: Path) -> None:
    assert credentials.find("a.example", {}, home=tmp_path, ask_helper=no_helper) is None


@pytest.mark.parametrize("text", ["{", '{"auths": {"a.example": {"auth": "!!!!"}}}'])
def test_a_broken_file_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(RegistryError):
        credentials.in_docker_configuration("a.example", tmp_path / "config.json", no_helper)
