"""GitHub, and the publisher of a channel's releases there, put together from the outside world."""

import time
from collections.abc import Callable, Iterator, Mapping

import requests

from jesses.base.errors import GitHubError
from jesses.config import Channel, Config
from jesses.plan.versions import ComponentVersion
from jesses.publish import HoldLease
from jesses.publish.github import API_URL, GitHub, GitHubTransport, Releases, token_in
from jesses.publish.github.publisher import GitHubPublisher, TaggedRelease
from jesses.publish.shared.instructions import apt_lines, apt_source, yum_lines
from jesses.signing import Signer


def github_publisher(  # noqa: PLR0913 -- what a publisher is made of
    config: Config,
    channel: Channel,
    versions: Mapping[str, ComponentVersion],
    *,
    github: Callable[[], Releases],
    body: Callable[[str], str],
    url: str,
    signer: Signer | None,
    lease: HoldLease,
) -> tuple[GitHubPublisher, ...]:
    """The publisher for those of `versions` that have a tag; none where the channel has no GitHub releases.

    `body` gives a component's notes, `url` is the address of the channel. The first component of release.toml
    decides what GitHub calls the latest.
    """
    if not channel.github:
        return ()
    project = config.project.name
    leader = next(iter(config.components))
    releases = [
        TaggedRelease(
            component=name,
            tag=version.tag,
            version=version.version,
            title=f"{project} {version.version}" if name == leader else f"{project} {name} {version.version}",
            body=body(name),
            leads=name == leader,
        )
        for name, version in versions.items()
        if version.tag is not None
    ]
    if not releases:
        return ()
    components = {release.component for release in releases}
    return (
        GitHubPublisher(
            github(),
            releases,
            components=config.components,
            project=project,
            signer=signer,
            install=tuple(_install(config, channel, url, components, signed=signer is not None)),
            lease=lease,
        ),
    )


def open_github(
    config: Config, environment: Mapping[str, str], session: requests.Session | None = None
) -> GitHub:
    """The repository that release.toml names; `GITHUB_API_URL` has the address of another GitHub.

    Raises:
        GitHubError: release.toml names none.

    """
    if config.project.github is None:
        raise GitHubError(
            "release.toml names no GitHub repository", fix='add github = "owner/name" to [project]'
        )
    api_url = environment.get("GITHUB_API_URL") or API_URL
    transport = GitHubTransport(
        session or requests.Session(),
        api_url=api_url,
        token=token_in(environment),
        clock=time.time,
        sleep=time.sleep,
    )
    return GitHub(transport, api_url=api_url, name=config.project.github)


def _install(
    config: Config, channel: Channel, url: str, components: set[str], *, signed: bool
) -> Iterator[str]:
    project = config.project.name
    packages = {name: each for name, each in config.packages.items() if each.component in components}
    if debs := [name for name, each in packages.items() if "deb" in each.formats]:
        yield "# Debian, Ubuntu"
        yield from apt_lines(
            url=f"{url}/{channel.apt}",
            project=project,
            source=apt_source(project, channel.suite),
            packages=debs,
            signed=signed,
        )
    if rpms := [name for name, each in packages.items() if "rpm" in each.formats]:
        yield "# Fedora, RHEL"
        yield from yum_lines(url=f"{url}/{channel.yum}", project=project, packages=rpms)
