"""The publishers of a channel."""

from collections.abc import Callable

from jesses.config import Channel, Config
from jesses.package.compression import Cache
from jesses.publish import Publisher
from jesses.publish.apt.publisher import apt_publisher
from jesses.publish.files.publisher import FilesPublisher
from jesses.publish.yum.publisher import yum_publisher
from jesses.signing import Signer
from jesses.stores import Store


def publishers_for(
    config: Config,
    channel: Channel,
    *,
    store: Store,
    url: str,
    signer: Signer | None,
    clock: Callable[[], float],
    cache: Cache | None = None,
) -> tuple[Publisher, ...]:
    """Every publisher of `channel`; users reach its store at `url`.

    `cache` keeps what was compressed, for the next run.
    """
    base = url.rstrip("/")
    name = config.project.name
    return (
        FilesPublisher(
            store=store, prefix=channel.files, url=f"{base}/{channel.files}", project=name, signer=signer
        ),
        apt_publisher(
            store=store,
            prefix=channel.apt,
            url=f"{base}/{channel.apt}",
            name=name,
            signer=signer,
            clock=clock,
            suite=channel.suite,
            copies=channel.plain_copies,
            contents=channel.contents,
            cache=cache,
        ),
        yum_publisher(
            store=store,
            prefix=channel.yum,
            url=f"{base}/{channel.yum}",
            name=name,
            signer=signer,
            clock=clock,
            copies=channel.plain_copies,
        ),
    )
