"""The ways to one registry, and to where it sends us on: its token server, where its blobs lie.

What a registry says may not lead where its user has not let it: a password or what it opens goes from https to no
http, and nobody on the public internet sends us to an address of an inner network. An address is judged when it is
connected to, so no name can change its meaning in between; behind a proxy only written addresses can be judged.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from jesses.base.errors import RegistryError
from jesses.base.origin import MOST_REDIRECTS, Origin, follow, is_inner, is_loopback

_CONNECTIONS: Final = 16
_NO_PROXY: Final[Mapping[str, str]] = {"http": "", "https": ""}

See = Callable[[str, str], object]
"""Is told the host and the address of each connection, before anything is sent."""


class InnerAddressError(Exception):
    """A host has an address of an inner network."""


class SeeingAdapter(HTTPAdapter):
    """Tells `see` whom it connects to; what goes through a proxy it cannot tell.

    `reached` are the addresses by host.
    """

    def __init__(self, see: See = lambda _host, _address: None) -> None:
        self.reached: dict[str, str] = {}
        self._see = see
        super().__init__(pool_connections=_CONNECTIONS, pool_maxsize=_CONNECTIONS)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 -- as requests has it
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._connected)

    def _connected(self, host: str, address: str) -> None:
        self._see(host, address)
        self.reached[host.lower().rstrip(".")] = address


def new_session() -> requests.Session:
    """A session that several threads use at once."""
    return _session(SeeingAdapter())


def public_session() -> requests.Session:
    """A session that reaches addresses of the public internet alone; it raises `InnerAddressError` for others."""
    return _session(SeeingAdapter(_refuse_inner))


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Sends requests for the registry at `url`, which users know as `host`.

    `session` is for the registry itself, `public` for whom it names, unless it is in an inner network itself.
    """

    host: str
    url: str
    session: requests.Session
    public: requests.Session = field(default_factory=public_session)

    def is_own(self, url: str) -> bool:
        """Whether a URL is the registry's own; raises `RegistryError` where it is none at all."""
        return self._origin(url) == self._origin(self.url)

    def send(self, method: str, url: str, *, authorization: str | None, **request: Any) -> requests.Response:  # noqa: ANN401
        """Send a request, and send it on where the answer says so; only the origin of `url` gets `authorization`.

        Raises:
            RegistryError: it would have to go where it may not.
            requests.RequestException: there is no answer.

        """
        first = self._origin(url)
        params = request.pop("params", None)

        def ask(here: str) -> requests.Response:
            origin = self._origin(here)
            with self._guarded(here):
                return self._way(here).request(
                    method,
                    here,
                    auth=_Header(authorization if origin == first else None),
                    params=params if here == url else None,
                    allow_redirects=False,
                    proxies=dict(_NO_PROXY) if is_loopback(origin.host) else None,
                    **request,
                )

        response = follow(method, url, ask)
        if response is None:
            raise RegistryError(
                f"{self.host} sends {url} on more than {MOST_REDIRECTS} times",
                fix="see who runs the registry",
            )
        return response

    def _way(self, url: str) -> requests.Session:
        """The session for a URL.

        Raises:
            RegistryError: the registry may not send us there.

        """
        ours, theirs = self._origin(self.url), self._origin(url)
        if ours == theirs:
            return self.session
        if ours.is_secure and not theirs.is_secure:
            raise RegistryError(
                f"{self.host} sends us from https to {theirs}, where everybody could read what is sent",
                fix="have the registry name addresses of https (behind a proxy: its external URL)",
            )
        if self._is_inner():
            return self.session
        if theirs.is_inner:
            raise self._leads_inside(url)
        return self.public

    def _is_inner(self) -> bool:
        """Whether the registry is in an inner network itself, as it was reached, or else as it is written."""
        host = self._origin(self.url).host
        adapter = self.session.get_adapter(self.url)
        reached = adapter.reached.get(host) if isinstance(adapter, SeeingAdapter) else None
        return is_inner(reached or host)

    @contextmanager
    def _guarded(self, url: str) -> Iterator[None]:
        try:
            yield
        except InnerAddressError as error:
            raise self._leads_inside(url) from error

    def _leads_inside(self, url: str) -> RegistryError:
        return RegistryError(
            f"{self.host} sends us to {self._origin(url)}, which is in an inner network, and is not there itself",
            fix="do not trust this registry; if it is yours, reach it by its inner address too",
        )

    def _origin(self, url: str) -> Origin:
        try:
            return Origin.of(url)
        except ValueError as error:
            raise RegistryError(
                f"{self.host} sends us to what is no address: {error}", fix="is it a registry at all?"
            ) from error


class _Header(requests.auth.AuthBase):
    """The Authorization header, and nothing from ~/.netrc."""

    def __init__(self, value: str | None) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._value:
            request.headers["Authorization"] = self._value
        return request


def _refuse_inner(host: str, address: str) -> None:
    if is_inner(address):
        raise InnerAddressError(f"{host} is at {address}")


def _session(adapter: SeeingAdapter) -> requests.Session:
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    return session


def _pools(see: See) -> dict[str, type[HTTPConnectionPool]]:
    class Seen(HTTPConnection):
        def _new_conn(self) -> Any:  # noqa: ANN401 -- a socket
            connected = super()._new_conn()
            try:
                see(self.host, str(connected.getpeername()[0]))
            except InnerAddressError:
                connected.close()
                raise
            return connected

    class SeenSecurely(Seen, HTTPSConnection):
        pass

    class Pool(HTTPConnectionPool):
        ConnectionCls = Seen

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SeenSecurely

    return {"http": Pool, "https": SecurePool}
