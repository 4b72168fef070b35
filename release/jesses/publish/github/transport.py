"""Requests to GitHub: authentication, rate limits, retries, pages; HTTP's errors become ours here.

Sources: "Rate limits for the REST API", "Using pagination in the REST API" and "Troubleshooting the REST API"
at https://docs.github.com/en/rest/using-the-rest-api.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

import requests

from jesses.base.documents import DocumentError, read_json
from jesses.base.errors import GitHubError
from jesses.base.origin import MOST_REDIRECTS, Origin, follow
from jesses.base.retry import retry_after

API_URL = "https://api.github.com"
_TIMEOUT = (10, 60)
_MOST: Final = 64 << 20
"""Bytes of an answer: a page of a hundred releases with their notes and files."""
_PAUSE: Final = 60.0
"""Seconds to wait where GitHub limits requests and does not say for how long ("Rate limits", "Exceeding")."""
_LONGEST_WAIT: Final = 86_400.0
TRIES = 4
_CLIENT_ERROR, _SERVER_ERROR = 400, 500
_CURES = {
    401: "the token is wrong or has expired: set GITHUB_TOKEN to a valid one",
    403: "the token may not do this: give it what docs/maintainers.md lists",
    404: "check [project] github in release.toml, and that the token may see the repository",
}


def token_in(environment: Mapping[str, str]) -> str | None:
    """The token that the environment holds, under GitHub's own names."""
    return environment.get("GITHUB_TOKEN") or environment.get("GH_TOKEN") or None


class GitHubTransport:
    """Sends requests to the GitHub at `api_url`, and uploads to the host beside it.

    The token goes into one header, so that no URL, command line or log ever holds it, and to no other host.
    A rate limit is waited for where it ends within `patience` seconds. `clock` gives seconds since 1970 UTC.
    """

    def __init__(
        self,
        session: requests.Session,
        *,
        api_url: str,
        token: str | None,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        patience: float = 120,
    ) -> None:
        self._session = session
        self._api = _origin(api_url)
        self._headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._clock = clock
        self._sleep = sleep
        self._patience = patience

    def get(self, url: str, **params: str) -> Any:  # noqa: ANN401 -- JSON
        return _json(self._send("GET", url, params=params))

    def pages(self, url: str, *, of: str = "", **params: str) -> Iterator[Any]:
        """The items of a list, page by page; `of` names the list where it lies inside an object."""
        following: str | None = url
        query: dict[str, str] = {"per_page": "100", **params}
        while following:
            response = self._send("GET", following, params=query)
            yield from _items(response, of)
            # The link to the next page holds the whole query.
            following, query = response.links.get("next", {}).get("url"), {}

    def change(self, url: str, body: Mapping[str, Any], *, method: str = "PATCH") -> Any:  # noqa: ANN401
        return _json(self._send(method, url, json=dict(body)))

    def delete(self, url: str) -> None:
        self._send("DELETE", url)

    def create(self, url: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """POST, once: after a failure the caller looks whether it took effect, and only then tries again."""
        return _json(self._send("POST", url, tries=1, json=dict(body)))

    def upload(self, url: str, name: str, data: BinaryIO) -> Any:  # noqa: ANN401
        """POST a file, once, as `create` does."""
        headers = {"Content-Type": "application/octet-stream"}
        return _json(self._send("POST", url, tries=1, params={"name": name}, data=data, headers=headers))

    def download(self, url: str) -> Iterator[bytes]:
        """The bytes of an asset."""
        headers = {"Accept": "application/octet-stream"}
        response = self._send("GET", url, headers=headers, stream=True)
        try:
            yield from response.iter_content(1 << 20)
        except requests.RequestException as error:
            raise _no_answer("GET", url, error) from error

    def pause(self, attempt: int) -> None:
        """Wait before another attempt after number `attempt` failed."""
        self._sleep(2 ** (attempt - 1))

    def _send(self, method: str, url: str, *, tries: int = TRIES, **request: Any) -> requests.Response:  # noqa: ANN401
        request["headers"] = {**self._headers, **request.get("headers", {})}
        attempt, waited = 1, 0.0
        while True:
            response = self._attempt(method, url, last=attempt == tries, **request)
            if response is not None:
                wait = self._rate_limit(response)
                if wait is None:
                    return response
                # Nothing was done by then, so sending again is safe for every method.
                waited += wait
                self._wait_for_limit(wait, waited)
                continue
            self.pause(attempt)
            attempt += 1

    def _attempt(self, method: str, url: str, *, last: bool, **request: Any) -> requests.Response | None:  # noqa: ANN401
        """The answer, if it is one to go on with; None where another attempt may help."""
        try:
            response = self._follow(method, url, **request)
        except requests.RequestException as error:
            if last:
                raise _no_answer(method, url, error) from error
            return None
        if response.status_code < _CLIENT_ERROR or self._rate_limit(response) is not None:
            return response
        if last or response.status_code < _SERVER_ERROR:
            raise _refusal(method, url, response)
        return None

    def _follow(self, method: str, url: str, **request: Any) -> requests.Response:  # noqa: ANN401
        """Send a request, and send it on where GitHub says so; only GitHub itself gets the token."""
        if not self._is_ours(_origin(url)):
            raise GitHubError(f"GitHub names {url} as its own", fix="check GITHUB_API_URL")
        headers, params = dict(request.pop("headers")), request.pop("params", None)

        def ask(here: str) -> requests.Response:
            if not self._is_ours(theirs := _origin(here)):
                headers.pop("Authorization", None)
                self._check_border(theirs)
            if data := request.get("data"):
                data.seek(0)
            return self._session.request(
                method,
                here,
                headers=headers,
                params=params if here == url else None,
                timeout=_TIMEOUT,
                allow_redirects=False,
                auth=_as_it_is,
                **request,
            )

        response = follow(method, url, ask)
        if response is None:
            raise GitHubError(
                f"{method} {url}: sent on more than {MOST_REDIRECTS} times", fix="check GITHUB_API_URL"
            )
        return response

    def _is_ours(self, origin: Origin) -> bool:
        """Whether an origin is GitHub's API or, beside it, where files are uploaded to (api.X, uploads.X)."""
        rest = self._api.host.removeprefix("api.")
        uploads = replace(self._api, host=f"uploads.{rest}") if rest != self._api.host else self._api
        return origin in {self._api, uploads}

    def _check_border(self, theirs: Origin) -> None:
        if (self._api.is_secure and not theirs.is_secure) or (theirs.is_inner and not self._api.is_inner):
            raise GitHubError(
                f"GitHub sends us on to {theirs}, where nothing of it can be", fix="check GITHUB_API_URL"
            )

    def _wait_for_limit(self, wait: float, waited: float) -> None:
        if waited > self._patience:
            when = datetime.fromtimestamp(self._clock() + min(wait, _LONGEST_WAIT), UTC)
            raise GitHubError(
                f"GitHub's rate limit is used up until {when:%H:%M:%S} UTC",
                fix="run again after that; everything done so far is kept",
                status=403,
            )
        self._sleep(wait)

    def _rate_limit(self, response: requests.Response) -> float | None:
        """The seconds to wait where this answer is a rate limit, primary or secondary."""
        if response.status_code not in {403, 429}:
            return None
        if "retry-after" in response.headers:
            return retry_after(response.headers["retry-after"], self._clock()) or _PAUSE
        if response.headers.get("x-ratelimit-remaining") == "0":
            reset = response.headers.get("x-ratelimit-reset", "")
            return max(1.0, float(reset) - self._clock()) if reset.isdecimal() else _PAUSE
        return _PAUSE if response.status_code == 429 or "secondary rate limit" in response.text else None  # noqa: PLR2004


def _refusal(method: str, url: str, response: requests.Response) -> GitHubError:
    status = response.status_code
    default = "see https://www.githubstatus.com; run again" if status >= _SERVER_ERROR else "see its message"
    return GitHubError(
        f"{method} {url}: GitHub answers {status}: {_message(response)}",
        fix=_CURES.get(status, default),
        status=status,
    )


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from adding what ~/.netrc has."""
    return request


def _origin(url: str) -> Origin:
    try:
        return Origin.of(url)
    except ValueError as error:
        raise GitHubError(f"GitHub cannot be at {url}: {error}", fix="check GITHUB_API_URL") from error


def _json(response: requests.Response) -> Any:  # noqa: ANN401 -- JSON
    try:
        return read_json(response.content, Any, most=_MOST)
    except (DocumentError, requests.RequestException) as error:
        raise _unexpected(response, str(error)) from error


def _items(response: requests.Response, of: str) -> list[Any]:
    """The list in an answer, or in its field `of`."""
    found = _json(response)
    items = found.get(of) if of and isinstance(found, dict) else found
    if not isinstance(items, list):
        raise _unexpected(response, "it is no list")
    return items


def _unexpected(response: requests.Response, why: str) -> GitHubError:
    return GitHubError(
        f"{response.url.partition('?')[0]} answers something else than GitHub's API says: {why}",
        fix="check GITHUB_API_URL, and whether a proxy or a login page answers in its place",
    )


def _no_answer(method: str, url: str, error: requests.RequestException) -> GitHubError:
    return GitHubError(
        f"{method} {url}: no answer ({type(error).__name__})", fix="check the network; run again"
    )


def _message(response: requests.Response) -> str:
    try:
        data: Any = read_json(response.content, Any, most=_MOST)
        details = [
            error.get("message") or f"{error.get('field', '')} {error.get('code', '')}".strip()
            for error in data.get("errors", ())
        ]
        return "; ".join([str(data["message"]), *details])
    except (ValueError, KeyError, TypeError, AttributeError):
        return response.reason or "nothing"
