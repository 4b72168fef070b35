"""Kinds of text in `release.toml`; a refusal says in words what is wanted."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

import semver
from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from release import relations


@dataclass(frozen=True)
class Like:
    """Marks a text that matches `pattern`; `wanted` says so in words."""

    pattern: str
    wanted: str

    def __get_pydantic_core_schema__(self, source: type[str], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": self.pattern}

    def _check(self, text: str) -> str:
        if not re.search(self.pattern, text):
            raise ValueError(f"{text!r} must be {self.wanted}")
        return text


def _semver(text: str) -> str:
    semver.Version.parse(text)
    return text


def _tag_pattern(text: str) -> str:
    if text.count("{version}") != 1:
        raise ValueError("must hold {version} exactly once")
    return text


def _relation(text: str) -> str:
    if problem := relations.problem(text):
        raise ValueError(problem)
    return text


def is_pattern(text: str) -> bool:
    """Whether a source names files by a pattern."""
    return any(character in text for character in "*?[")


def _branch_pattern(text: str) -> str:
    if text.count("{line}") != 1:
        raise ValueError("must hold {line} exactly once")
    return text


Relation = Annotated[str, AfterValidator(_relation)]
SemVer = Annotated[str, AfterValidator(_semver)]
TagPattern = Annotated[str, AfterValidator(_tag_pattern)]
BranchPattern = Annotated[str, AfterValidator(_branch_pattern)]
Mode = Annotated[str, Like(r"^0?[0-7]{3,4}$", "a file mode in octal, such as 0755")]
Name = Annotated[
    str, Like(r"^[a-z0-9][a-z0-9+.-]+$", "lower-case letters, digits, '+', '.' and '-', at least two")
]
Maintainer = Annotated[str, Like(r"^[^<>\n]+ <[^<>@\s]+@[^<>\s]+>$", "like 'Name <address@example.org>'")]
Line = Annotated[str, Like(r"^[^\n]+$", "one line of text")]
Url = Annotated[str, Like(r"^https?://\S+$", "an http or https URL")]
SiteUrl = Annotated[str, Like(r"^(https?|file)://\S+$", "an http, https or file URL")]
Unit = Annotated[str, Like(r"^[A-Za-z0-9:_.@-]+\.[a-z]+$", "a systemd unit, such as agent.service")]
UserId = Annotated[str, Like(r"^[0-9]+(:[0-9]+)?$", "a user by number, such as 65532 or 65532:65532")]
AbsolutePath = Annotated[str, Like(r"^/", "an absolute path")]
RegistryPrefix = Annotated[
    str,
    Like(
        r"^(https?://)?[A-Za-z0-9.:\[\]-]+(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$",
        "a registry and what stands before the images' names, such as docker.io/example",
    ),
]
Tag = Annotated[str, Like(r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", "a tag, such as master")]
ImageName = Annotated[
    str,
    Like(
        r"^(https?://)?[A-Za-z0-9][A-Za-z0-9.:_/\[\]-]*(@sha256:[0-9a-f]{64})?$",
        "an image, such as docker.io/library/debian:12",
    ),
]
StoreLocation = Annotated[
    str,
    Like(r"^(?!.*://)[^\n]+$|^s3://[a-z0-9][a-z0-9.-]+[a-z0-9](/|$)", "a directory, or s3://bucket/prefix"),
]
DistributionId = Annotated[str, Like(r"^[A-Z0-9]+$", "the identifier of a CloudFront distribution")]
