"""Which releases on GitHub the components of a plan make."""

from contextlib import nullcontext
from typing import cast

import pytest
import requests
from semver import Version

from jesses.base.errors import GitHubError
from jesses.config import Channel, Config, parse
from jesses.history.git_history import Commit
from jesses.plan.versions import ComponentVersion
from jesses.publish.github import Releases
from jesses.publish.github.factory import github_publisher, open_github
from tests.support.hawk import PROJECT

CONFIG = f"""{PROJECT}
[components.userspace]
[components.driver]
tag = "{{version}}+driver"
"""


def version(component: str, text: str, tag: str | None) -> ComponentVersion:
    return ComponentVersion(
        component=component,
        version=Version.parse(text),
        commit=Commit(sha="c" * 40, date=1),
        tag=tag,
        dirty=False,
        reasons=(),
    )


@pytest.fixture
def config() -> Config:
    return parse(CONFIG, origin="release.toml")


class Asked:
    """A stand-in for GitHub that has no release, and notes which tags it is asked for."""

    def __init__(self) -> None:
        self.tags: list[str] = []

    def release_of(self, tag: str) -> None:
        self.tags.append(tag)


def tags_of(config: Config, *versions: ComponentVersion, github: bool = True) -> list[str]:
    """The tags whose releases the publisher looks for."""
    asked = Asked()
    for publisher in github_publisher(
        config,
        Channel(store="site", github=github),
        {each.component: each for each in versions},
        github=lambda: cast("Releases", asked),
        body="notes of {}".format,
        url="https://example.org/stable",
        signer=None,
        lease=nullcontext,
    ):
        publisher.check(())
    return asked.tags


def test_a_release_is_looked_for_by_the_tag_that_the_version_holds(config: Config) -> None:
    standing = version("driver", "7.3.0", "7.3.0+driver")
    assert tags_of(config, version("userspace", "1.2.0", "1.2.0"), standing) == ["1.2.0", "7.3.0+driver"]
    assert tags_of(config, version("userspace", "1.2.0", "as-it-was-tagged")) == ["as-it-was-tagged"]


def test_nothing_is_released_without_a_tag_or_where_the_channel_has_no_github(config: Config) -> None:
    tagged = version("userspace", "1.2.0", "1.2.0")
    assert tags_of(config, version("userspace", "1.3.0-4+abcdef0", None)) == []
    assert tags_of(config, tagged, github=False) == []
    assert tags_of(config, tagged, version("driver", "7.4.0-1+abcdef0-driver", None)) == ["1.2.0"]


def test_a_repository_must_be_named(config: Config) -> None:
    with pytest.raises(GitHubError, match="names no GitHub repository"):
        open_github(config, {}, requests.Session())
