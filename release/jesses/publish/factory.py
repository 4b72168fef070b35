"""The publishers of a channel."""

from collections.abc import Callable

from jesses.config import Channel, Config
from jesses.package.compression import Cache
from jesses.package.descriptions import Descriptions
from jesses.publish import Publisher
from jesses.publish.apt.publisher import apt_publisher
from jesses.publish.files.publisher import FilesPublisher
from jesses.publish.shared.settings import RepositorySettings
from jesses.publish.yum.publisher import yum_publisher
from jesses.signing import Signer
from jesses.stores import Store


def publishers_for(  # noqa: PLR0913 - everything comes from outside, by keyword
    config: Config,
    channel: Channel,
    *,
    store: Store,
    url: str,
    signer: Signer | None,
    clock: Callable[[], float],
    cache: Cache | None = None,
    descriptions: Descriptions | None = None,
) -> tuple[Publisher, ...]:
    """Every publisher of `channel`; users reach its store at `url`.

    `cache` keeps what was compressed, for the next run; `descriptions` are those of packages that this run writes.
    """
    name, known = config.project.name, descriptions or Descriptions()

    def settings(prefix: str) -> RepositorySettings:
        return RepositorySettings(
            store=store,
            prefix=prefix,
            url=f"{url.rstrip('/')}/{prefix}",
            name=name,
            signer=signer,
            clock=clock,
            copies=channel.plain_copies,
            descriptions=known,
        )

    files = settings(channel.files)
    return (
        FilesPublisher(store=store, prefix=files.prefix, url=files.url, project=name, signer=signer),
        apt_publisher(settings(channel.apt), suite=channel.suite, contents=channel.contents, cache=cache),
        yum_publisher(settings(channel.yum)),
    )
