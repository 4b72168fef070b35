"""The publisher of a channel's GitHub releases."""

from collections.abc import Callable, Iterator, Mapping

from semver import Version

from release.config import Channel, Config
from release.github import Releases
from release.lines import tag_of
from release.publishers.github import GitHubPublisher, Lease, TaggedRelease
from release.publishers.install import apt_lines, apt_source, yum_lines
from release.signing import Signer


def github_publisher(  # noqa: PLR0913 -- what a publisher is made of
    config: Config,
    channel: Channel,
    tagged: Mapping[str, Version],
    *,
    github: Callable[[], Releases],
    body: Callable[[str], str],
    url: str,
    signer: Signer | None,
    lease: Lease,
) -> tuple[GitHubPublisher, ...]:
    """The publisher for the components that are at a tag; none where the channel has no GitHub releases.

    `body` gives a component's notes, `url` is the address of the channel. The first component of release.toml
    decides what GitHub calls the latest.
    """
    if not channel.github or not tagged:
        return ()
    project = config.project.name
    leader = next(iter(config.components))
    releases = [
        TaggedRelease(
            component=name,
            tag=tag_of(config.components[name], version),
            version=version,
            title=f"{project} {version}" if name == leader else f"{project} {name} {version}",
            body=body(name),
            leads=name == leader,
        )
        for name, version in tagged.items()
    ]
    return (
        GitHubPublisher(
            github(),
            releases,
            components=config.components,
            project=project,
            signer=signer,
            install=tuple(_install(config, channel, url, set(tagged), signed=signer is not None)),
            lease=lease,
        ),
    )


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
