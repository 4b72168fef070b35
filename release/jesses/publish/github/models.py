"""GitHub's answers as frozen values. Fields by https://docs.github.com/en/rest (API version 2022-11-28)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A file of a release. `sha256` is None where GitHub has not said; an upload cut off is not `complete`."""

    id: int
    name: str
    size: int
    complete: bool
    sha256: str | None
    url: str

    @classmethod
    def from_response(cls, data: Mapping[str, Any]) -> Self:
        algorithm, _, digest = (data.get("digest") or "").partition(":")
        return cls(
            id=data["id"],
            name=data["name"],
            size=data["size"],
            complete=data["state"] == "uploaded",
            sha256=digest if algorithm == "sha256" else None,
            url=data["url"],
        )


@dataclass(frozen=True, kw_only=True)
class GitHubRelease:
    """A release, a draft included. `upload_url` takes assets."""

    id: int
    tag: str
    name: str
    body: str
    draft: bool
    prerelease: bool
    html_url: str
    upload_url: str

    @classmethod
    def from_response(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            id=data["id"],
            tag=data["tag_name"],
            name=data["name"] or "",
            body=data["body"] or "",
            draft=data["draft"],
            prerelease=data["prerelease"],
            html_url=data["html_url"],
            # A URI template: .../assets{?name,label}
            upload_url=data["upload_url"].partition("{")[0],
        )


@dataclass(frozen=True, kw_only=True)
class Pull:
    """A pull request."""

    number: int
    title: str
    body: str
    author: str
    author_url: str
    url: str
    state: str
    merged: bool
    merge_commit: str | None
    labels: tuple[str, ...]

    @classmethod
    def from_response(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            number=data["number"],
            title=data["title"],
            body=data["body"] or "",
            author=(data["user"] or {"login": "ghost"})["login"],
            author_url=(data["user"] or {"html_url": ""})["html_url"],
            url=data["html_url"],
            state=data["state"],
            merged=bool(data.get("merged_at") or (data.get("pull_request") or {}).get("merged_at")),
            merge_commit=data.get("merge_commit_sha"),
            labels=tuple(label["name"] for label in data["labels"]),
        )


@dataclass(frozen=True, kw_only=True)
class Milestone:
    """A milestone; its title is the version that it leads to."""

    number: int
    title: str
    closed: bool
    open_issues: int
    url: str

    @classmethod
    def from_response(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            number=data["number"],
            title=data["title"],
            closed=data["state"] == "closed",
            open_issues=data["open_issues"],
            url=data["html_url"],
        )


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one check run or commit status says of a commit."""

    name: str
    outcome: Literal["passed", "failed", "pending"]

    @classmethod
    def from_check_run(cls, data: Mapping[str, Any]) -> Self:
        """Of a check run; those that were neutral or skipped pass, as they do for branch protection."""
        if data["status"] != "completed":
            return cls(name=data["name"], outcome="pending")
        passed = data["conclusion"] in {"success", "neutral", "skipped"}
        return cls(name=data["name"], outcome="passed" if passed else "failed")

    @classmethod
    def from_status(cls, data: Mapping[str, Any]) -> Self:
        """Of a commit status, as older CI systems and Prow set it."""
        if data["state"] == "pending":
            return cls(name=data["context"], outcome="pending")
        return cls(name=data["context"], outcome="passed" if data["state"] == "success" else "failed")
