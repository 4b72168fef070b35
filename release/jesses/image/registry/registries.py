"""The registries of a run: one way to each, however many images and steps ask.

Who we are at a registry is found out once, when it is first asked: credential helpers are programs, and tokens of
Amazon are requests. Tokens and rate limits of a registry are then known in one place as well.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import requests

from jesses.image.registry import ecr
from jesses.image.registry.auth import Credential
from jesses.image.registry.ecr import AmazonRegistry
from jesses.image.registry.network import Network, public_session
from jesses.image.registry.reference import Reference
from jesses.image.registry.transport import RegistryTransport

FindCredential = Callable[[str], Credential | None]
"""The credential for a registry's host, where there is one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Registries:
    """Gives the transport of each registry, the same one whenever it is asked for; several threads may use it.

    `session` reaches the registries, `public` whom they name (`network.py`). `note` is told when a request is
    tried again. `find_amazon` gives Amazon's own interface for a host of Amazon.
    """

    session: requests.Session
    find_credential: FindCredential
    public: requests.Session = field(default_factory=public_session)
    note: Callable[[str], object] = lambda _: None
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], object] = time.sleep
    find_amazon: Callable[[str], AmazonRegistry | None] = ecr.registry_of
    _found: dict[str, Credential | None] = field(default_factory=dict, init=False)
    _transports: dict[tuple[str, bool], RegistryTransport] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def transport(self, reference: Reference, *, writes: bool = False) -> RegistryTransport:
        """The way to the registry of `reference`; one that `writes` is known to it by name.

        Only ECR Public tells the two apart: anybody reads there, and only who writes needs a token of Amazon.

        Raises:
            RegistryError: a credential cannot be found out.

        """
        with self._lock:
            amazon = self.find_amazon(reference.host)
            known = amazon is not None and (writes or not amazon.anonymous)
            if (reference.url, known) not in self._transports:
                credential = self._credential(reference.host)
                if credential is None and amazon and known:
                    credential = amazon.credential()
                self._transports[reference.url, known] = RegistryTransport(
                    Network(host=reference.host, url=reference.url, session=self.session, public=self.public),
                    credential=credential,
                    note=self.note,
                    clock=self.clock,
                    sleep=self.sleep,
                )
            return self._transports[reference.url, known]

    def amazon(self, reference: Reference) -> AmazonRegistry | None:
        """Amazon's interface for the registry of `reference`; None where it is not Amazon's."""
        return self.find_amazon(reference.host)

    def _credential(self, host: str) -> Credential | None:
        if host not in self._found:
            self._found[host] = self.find_credential(host)
        return self._found[host]
