"""A registry as a publisher or a reader meets it: who we are there is found out once, when it is first asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import requests
from requests.adapters import HTTPAdapter

from jesses.image.registry import ecr
from jesses.image.registry.auth import Credential
from jesses.image.registry.client import ImageRepository
from jesses.image.registry.dry_run import Rehearsal
from jesses.image.registry.ecr import Catalog, PrivateRegistry, PublicRegistry
from jesses.image.registry.reference import Reference
from jesses.image.registry.transport import RegistryTransport
from jesses.stores.dry_run import StoreChange

_CONNECTIONS = 16

FindCredential = Callable[[str], Credential | None]
"""The credential for a registry's host, where there is one."""


def new_session() -> requests.Session:
    """A session that several threads use at once."""
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_connections=_CONNECTIONS, pool_maxsize=_CONNECTIONS))
    return session


@dataclass(kw_only=True)
class Connection:
    """The registry that `reference` names; `catalog` describes repositories by the last part of their name.

    A `rehearsal` changes nothing: `changes` are those that would have been.
    """

    reference: Reference
    session: requests.Session
    find_credential: FindCredential
    catalog: Callable[[str], Catalog]
    note: Callable[[str], object] = lambda _: None
    amazon: PublicRegistry | PrivateRegistry | None = None
    rehearsal: bool = False
    changes: list[StoreChange] = field(default_factory=list)

    @cached_property
    def transport(self) -> RegistryTransport:
        """The one way to this registry, so that tokens and rate limits are known in one place."""
        host = self.reference.host
        credential = self.find_credential(host) or (self.amazon.credential() if self.amazon else None)
        return RegistryTransport(
            host=host, url=self.reference.url, session=self.session, credential=credential, note=self.note
        )

    def repository(self, name: str) -> ImageRepository:
        if self.rehearsal:
            return Rehearsal(self.transport, name, self.changes)
        return ImageRepository(self.transport, name, writes=True)

    def create(self, name: str) -> None:
        """Have the repository there: Amazon's registries do not make it at the first push."""
        if self.amazon and not self.rehearsal:
            self.amazon.create(name, self.catalog(name.rpartition("/")[2]))

    def check(self, name: str) -> None:
        """See that we may write to the repository."""
        self.create(name)
        self.repository(name).check_push()


def connect(
    reference: Reference,
    *,
    session: requests.Session,
    find_credential: FindCredential,
    catalog: Callable[[str], Catalog],
    note: Callable[[str], object],
    rehearsal: bool,
) -> Connection:
    """The registry that `reference` names."""
    return Connection(
        reference=reference,
        session=session,
        find_credential=find_credential,
        catalog=catalog,
        note=note,
        amazon=ecr.registry_of(reference.host),
        rehearsal=rehearsal,
    )
