"""Where a request goes: who gets a credential, and which addresses are of an inner network.

An origin is scheme, host and port (RFC 6454, 4): a secret that was given for one goes to no other. Addresses are
read by the parser of the library that connects, so that nobody is checked who is not connected to.
"""

import ipaddress
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from requests import Response
from urllib3.util import parse_url

MOST_REDIRECTS: Final = 5
"""How often a request is sent on before it is given up."""

_PORTS: Final[Mapping[str, int]] = {"https": 443, "http": 80}
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_SAME_METHOD: Final = frozenset({307, 308})
_READING: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Scheme, host in lower case, and the port that is connected to."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Origin":
        """The origin of a URL.

        >>> Origin.of("https://HOST:443/v2/") == Origin.of("https://host")
        True

        Raises:
            ValueError: it is no URL of http or https.

        """
        found = parse_url(url)
        scheme, host = (found.scheme or "").lower(), (found.host or "").lower().rstrip(".")
        if scheme not in _PORTS or not host:
            raise ValueError(f"{url[:200]} is no URL of https or http")
        return cls(scheme=scheme, host=host, port=_PORTS[scheme] if found.port is None else found.port)

    @property
    def is_secure(self) -> bool:
        """Whether what is sent there is encrypted."""
        return self.scheme == "https"

    @property
    def is_inner(self) -> bool:
        """Whether the host is written as an address of an inner network."""
        return is_inner(self.host)

    def __str__(self) -> str:
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"


def is_loopback(host: str) -> bool:
    """Whether a host, without its port, is written as this machine.

    >>> is_loopback("[::1]"), is_loopback("localhost"), is_loopback("localhost.example.org")
    (True, True, False)
    """
    address = _address(host)
    return host.lower().rstrip(".") == "localhost" if address is None else address.is_loopback


def is_inner(host: str) -> bool:
    """Whether a host, without its port, is written as an address that is not on the public internet.

    These are loopback, link-local and private ones, and whatever else is not routed there (IANA's registries of
    special-purpose addresses). A name is not resolved: of all names only `localhost` is one.

    >>> is_inner("169.254.169.254"), is_inner("10.0.0.1"), is_inner("2130706433"), is_inner("1.1.1.1")
    (True, True, True, False)
    """
    address = _address(host)
    return is_loopback(host) if address is None else not address.is_global


def redirected(method: str, status: int, headers: Mapping[str, str], url: str) -> str | None:
    """Where an answer to a request for `url` sends it on, with the same method (RFC 9110, 15.4); None: nowhere."""
    allowed = _MOVED if method in _READING else _SAME_METHOD
    location = headers.get("Location")
    return urljoin(url, location) if location and status in allowed else None


def follow(method: str, url: str, ask: Callable[[str], Response]) -> Response | None:
    """The answer to a request that `ask` sends to a URL, and to where that sends it on; None: without an end."""
    for _ in range(MOST_REDIRECTS + 1):
        response = ask(url)
        following = redirected(method, response.status_code, response.headers, response.url)
        if following is None:
            return response
        response.close()
        url = following
    return None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    text = host.strip("[]").partition("%")[0].rstrip(".")
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        try:
            # Resolvers also know 127.1, 0x7f000001 and 2130706433.
            found = ipaddress.ip_address(socket.inet_aton(text))
        except (OSError, ValueError):
            return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
