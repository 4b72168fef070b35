"""Who we are to a registry: basic authentication, or tokens for scopes that run out.

Tokens: https://distribution.github.io/distribution/spec/auth/token/; challenges: RFC 9110, 11.6.1.
"""

import base64
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from jesses.base.errors import RegistryError

Scopes = frozenset[str]

_LIFE: Final = 60.0
"""Seconds that a token lives where nothing is said (token specification)."""
_CHALLENGE: Final = re.compile(r'([A-Za-z]+) +((?:[A-Za-z_-]+ *= *(?:"[^"]*"|[^",\s]+)[, ]*)+)')
_PARAMETER: Final = re.compile(r'([A-Za-z_-]+) *= *(?:"([^"]*)"|([^",\s]+))')


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A user name with a password or access token, or an identity token; `source` is where it was found."""

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    source: str = ""

    @property
    def basic(self) -> str:
        """The header of basic authentication (RFC 7617)."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """One way that a registry offers to authenticate; `scheme` is in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def challenges(header: str) -> Iterator[Challenge]:
    """What a `WWW-Authenticate` header offers.

    >>> [challenge.scheme for challenge in challenges('Basic realm="x"')]
    ['basic']
    """
    for scheme, parameters in _CHALLENGE.findall(header):
        found = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(parameters)}
        yield Challenge(scheme=scheme.lower(), parameters=found)


def scope(repository: str, *actions: str) -> str:
    """The scope of a repository, such as `repository:example/kestrel:pull,push`."""
    return f"repository:{repository}:{','.join(actions)}"


class FetchToken(Protocol):
    """Asks a token server; the answer is its JSON document."""

    def __call__(
        self, realm: str, *, query: list[tuple[str, str]], form: Mapping[str, str] | None, basic: str | None
    ) -> Mapping[str, Any]: ...


@dataclass(frozen=True, kw_only=True)
class _Token:
    text: str
    renew_at: float


class Authorizer:
    """Gives the Authorization header for requests to one registry, and learns from its challenges.

    Used from several threads; a token is asked for once.
    """

    def __init__(
        self, *, host: str, credential: Credential | None, fetch: FetchToken, clock: Callable[[], float]
    ) -> None:
        self._host = host
        self._credential = credential
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._challenge: Challenge | None = None
        self._tokens: dict[Scopes, _Token] = {}

    @property
    def who(self) -> str:
        """What messages call the user."""
        if self._credential is None:
            return "an anonymous user"
        found = f" (from {self._credential.source})" if self._credential.source else ""
        return f"user {self._credential.username or 'token'}{found}"

    def header(self, scopes: Scopes) -> str | None:
        """The header for a request that needs `scopes`; None as long as the registry has asked for none.

        Raises:
            RegistryError: the token server refuses, fails, or is not named.

        """
        with self._lock:
            if self._challenge is None:
                return None
            if self._challenge.scheme == "basic":
                return self._credential.basic if self._credential else None
            token = self._tokens.get(scopes)
            if token is None or token.renew_at <= self._clock():
                token = self._tokens[scopes] = self._new_token(self._challenge, scopes)
            return f"Bearer {token.text}"

    def learn(self, header: str, scopes: Scopes, *, sent: str | None) -> bool:
        """Learn from the `WWW-Authenticate` header of a refusal how to authenticate.

        `sent` is the header that was refused. The answer is whether the same request may now succeed.
        """
        offered = {challenge.scheme: challenge for challenge in challenges(header)}
        with self._lock:
            chosen = offered.get("bearer") or offered.get("basic")
            if chosen is None or (chosen.scheme == "basic" and self._credential is None):
                return False
            known = self._challenge
            self._challenge = chosen
            if chosen.scheme == "basic":
                return known is None or known.scheme != "basic"
            token = self._tokens.get(scopes)
            if token and sent == f"Bearer {token.text}":
                del self._tokens[scopes]
            return True

    def _new_token(self, challenge: Challenge, scopes: Scopes) -> _Token:
        realm, service = challenge.parameters.get("realm", ""), challenge.parameters.get("service", "")
        if not realm.startswith(("https://", "http://")):
            raise RegistryError(
                f"{self._host} does not say where its tokens come from", fix="is it a registry at all?"
            )
        wanted = sorted(scopes)
        asked = self._clock()
        if self._credential and self._credential.identity_token:
            form = {
                "grant_type": "refresh_token",
                "service": service,
                "client_id": "jesses",
                "scope": " ".join(wanted),
                "refresh_token": self._credential.identity_token,
            }
            answer = self._fetch(realm, query=[], form=form, basic=None)
        else:
            query = [("service", service), *(("scope", text) for text in wanted)]
            basic = self._credential.basic if self._credential else None
            answer = self._fetch(realm, query=query, form=None, basic=basic)
        text = answer.get("token") or answer.get("access_token")
        if not isinstance(text, str):
            raise RegistryError(
                f"the token server of {self._host} gave no token",
                fix="run again later; see whether a login page answers in its place",
            )
        life = answer.get("expires_in")
        life = float(life) if isinstance(life, int | float) and life > 0 else _LIFE
        # A quarter of its life is kept in reserve: a request takes its time, too.
        return _Token(text=text, renew_at=asked + 0.75 * life)
