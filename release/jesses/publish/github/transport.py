"""Requests to GitHub: authentication, rate limits, retries, pages; HTTP's errors become ours here.

Sources: "Rate limits for the REST API", "Using pagination in the REST API" and "Troubleshooting the REST API"
at https://docs.github.com/en/rest/using-the-rest-api.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO

import requests

from jesses.base.errors import GitHubError

API_URL = "https://api.github.com"
_TIMEOUT = (10, 60)
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
    """Sends requests. The token goes into one header, so that no URL, command line or log ever holds it.

    A rate limit is waited for where it ends within `patience` seconds. `clock` gives seconds since 1970 UTC.
    """

    def __init__(
        self,
        session: requests.Session,
        *,
        token: str | None,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        patience: float = 120,
    ) -> None:
        self._session = session
        self._headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._clock = clock
        self._sleep = sleep
        self._patience = patience

    def get(self, url: str, **params: str) -> Any:  # noqa: ANN401 -- JSON
        return self._send("GET", url, params=params).json()

    def pages(self, url: str, *, of: str = "", **params: str) -> Iterator[Any]:
        """The items of a list, page by page; `of` names the list where it lies inside an object."""
        following: str | None = url
        query: dict[str, str] = {"per_page": "100", **params}
        while following:
            response = self._send("GET", following, params=query)
            yield from response.json()[of] if of else response.json()
            # The link to the next page holds the whole query.
            following, query = response.links.get("next", {}).get("url"), {}

    def change(self, url: str, body: Mapping[str, Any], *, method: str = "PATCH") -> Any:  # noqa: ANN401
        return self._send(method, url, json=dict(body)).json()

    def delete(self, url: str) -> None:
        self._send("DELETE", url)

    def create(self, url: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """POST, once: after a failure the caller looks whether it took effect, and only then tries again."""
        return self._send("POST", url, tries=1, json=dict(body)).json()

    def upload(self, url: str, name: str, data: BinaryIO) -> Any:  # noqa: ANN401
        """POST a file, once, as `create` does."""
        headers = {"Content-Type": "application/octet-stream"}
        return self._send("POST", url, tries=1, params={"name": name}, data=data, headers=headers).json()

    def download(self, url: str) -> Iterator[bytes]:
        """The bytes of an asset."""
        headers = {"Accept": "application/octet-stream"}
        response = self._send("GET", url, headers=headers, stream=True)
        yield from response.iter_content(1 << 20)

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
                if data := request.get("data"):
                    data.seek(0)
                continue
            self.pause(attempt)
            attempt += 1

    def _attempt(self, method: str, url: str, *, last: bool, **request: Any) -> requests.Response | None:  # noqa: ANN401
        """The answer, if it is one to go on with; None where another attempt may help."""
        try:
            response = self._session.request(method, url, timeout=_TIMEOUT, **request)
        except requests.RequestException as error:
            if last:
                raise GitHubError(
                    f"{method} {url}: no answer ({type(error).__name__})", fix="check the network; run again"
                ) from error
            return None
        if response.status_code < _CLIENT_ERROR or self._rate_limit(response) is not None:
            return response
        if last or response.status_code < _SERVER_ERROR:
            raise _refusal(method, url, response)
        return None

    def _wait_for_limit(self, wait: float, waited: float) -> None:
        if waited > self._patience:
            when = datetime.fromtimestamp(self._clock() + wait, UTC)
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
        if after := response.headers.get("retry-after"):
            return float(after)
        if response.headers.get("x-ratelimit-remaining") == "0":
            return max(1.0, float(response.headers["x-ratelimit-reset"]) - self._clock())
        return 60.0 if response.status_code == 429 or "secondary rate limit" in response.text else None  # noqa: PLR2004


def _refusal(method: str, url: str, response: requests.Response) -> GitHubError:
    status = response.status_code
    default = "see https://www.githubstatus.com; run again" if status >= _SERVER_ERROR else "see its message"
    return GitHubError(
        f"{method} {url}: GitHub answers {status}: {_message(response)}",
        fix=_CURES.get(status, default),
        status=status,
    )


def _message(response: requests.Response) -> str:
    try:
        data = response.json()
        details = [
            error.get("message") or f"{error.get('field', '')} {error.get('code', '')}".strip()
            for error in data.get("errors", ())
        ]
        return "; ".join([str(data["message"]), *details])
    except (ValueError, KeyError, TypeError, AttributeError):
        return response.reason or "nothing"
