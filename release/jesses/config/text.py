"""Kinds of text in `release.toml`; a refusal says in words what is wanted."""

from typing import Annotated, Final

from msgspec import Meta

from jesses.base.naming import relations, spelling

WANTED: Final = "wanted"
"""What a kind of text is like, in words: kept beside its pattern."""


_REGISTRY_PREFIX: Final = r"(https?://)?[A-Za-z0-9.:\[\]-]+(/[a-z0-9]+([._-]+[a-z0-9]+)*)+"
_IMAGE_NAME: Final = r"(https?://)?[A-Za-z0-9][A-Za-z0-9.:_/\[\]-]*(@sha256:[0-9a-f]{64})?"
_STORE_LOCATION: Final = r"(?!.*://)[^\n]+|s3://[a-z0-9][a-z0-9.-]+[a-z0-9](/[^\n]*)?"


def like(pattern: str, wanted: str) -> Meta:
    """Marks a text that is all of `pattern`; `wanted` says so in words."""
    # Python's $ would let a last newline pass, and JSON Schema knows no \\Z.
    return Meta(pattern=rf"^(?:{pattern})$(?!\n)", extra={WANTED: wanted})


def once(placeholder: str) -> Meta:
    """Marks a text with `placeholder`, in braces, exactly once."""
    other = rf"(?:(?!\{{{placeholder}\}}).)*"
    return like(rf"{other}\{{{placeholder}\}}{other}", f"text that holds {{{placeholder}}} exactly once")


def is_pattern(text: str) -> bool:
    """Whether a source names files by a pattern."""
    return any(character in text for character in "*?[")


RelationText = Annotated[str, like(relations.PATTERN, relations.WANTED)]
SemVer = Annotated[str, like(spelling.SEMVER, "a SemVer, such as 1.2.0-rc.1")]
TagPattern = Annotated[str, once("version")]
BranchPattern = Annotated[str, once("line")]
Mode = Annotated[str, like(r"0?[0-7]{3,4}", "a file mode in octal, such as 0755")]
Name = Annotated[
    str, like(r"[a-z0-9][a-z0-9+.-]+", "lower-case letters, digits, '+', '.' and '-', at least two")
]
Maintainer = Annotated[str, like(r"[^<>\n]+ <[^<>@\s]+@[^<>\s]+>", "like 'Name <address@example.org>'")]
OneLine = Annotated[str, like(r"[^\n]+", "one line of text")]
Url = Annotated[str, like(r"https?://\S+", "an http or https URL")]
SiteUrl = Annotated[str, like(r"(https?|file)://\S+", "an http, https or file URL")]
Unit = Annotated[str, like(r"[A-Za-z0-9:_.@-]+\.[a-z]+", "a systemd unit, such as agent.service")]
VariableName = Annotated[str, like(r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable")]
UserId = Annotated[str, like(r"[0-9]+(:[0-9]+)?", "a user by number, such as 65532 or 65532:65532")]
AbsolutePath = Annotated[str, like(r"/[^\n]*", "an absolute path")]
RegistryPrefix = Annotated[
    str,
    like(_REGISTRY_PREFIX, "a registry and what stands before the images' names, such as docker.io/example"),
]
ImageTagText = Annotated[str, like(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", "a tag, such as master")]
ImageName = Annotated[str, like(_IMAGE_NAME, "an image, such as docker.io/library/debian:12")]
StoreLocation = Annotated[str, like(_STORE_LOCATION, "a directory, or s3://bucket/prefix")]
RepositoryText = Annotated[
    str, like(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+", "a repository on GitHub, such as owner/name")
]
DistributionId = Annotated[str, like(r"[A-Z0-9]+", "the identifier of a CloudFront distribution")]
