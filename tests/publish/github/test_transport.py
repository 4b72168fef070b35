"""What GitHub's client sends where, and what it makes of answers that no API gives."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from jesses.base.errors import GitHubError
from jesses.publish.github.transport import API_URL, GitHubTransport

HTML = b"<html>Log in</html>"
Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Site(BaseAdapter):
    """Answers as `reply` says; keeps what was asked, with the token that came along."""

    reply: Callable[[str], Reply]
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override] # noqa: ANN401
        url = str(request.url)
        self.asked.append((url, request.headers.get("Authorization")))
        status, headers, body = self.reply(url)
        response = requests.Response()
        response.status_code, response.url, response.request = status, url, request
        response.headers.update(headers)
        response.raw = HTTPResponse(
            body=io.BytesIO(body), headers=headers, status=status, preload_content=False
        )
        return response

    def close(self) -> None: ...

    def transport(self, api_url: str = API_URL) -> GitHubTransport:
        session = requests.Session()
        for scheme in ("https://", "http://"):
            session.mount(scheme, self)
        return GitHubTransport(
            session, api_url=api_url, token="secret", clock=lambda: 1e9, sleep=self.slept.append
        )


def always(status: int, body: bytes = b"{}", **headers: str) -> Site:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Site(lambda _: (status, told, body))


@pytest.mark.parametrize(
    ("api_url", "url"),
    [
        (API_URL, f"{API_URL}/repos/x"),
        (API_URL, "https://API.github.com:443/repos/x"),
        (API_URL, "https://uploads.github.com/repos/x"),
        ("https://github.example.org/api/v3", "https://github.example.org/api/uploads/x"),
    ],
)
def test_the_token_goes_to_github_and_to_its_host_for_uploads(api_url: str, url: str) -> None:
    site = always(200)
    site.transport(api_url).upload(url, "x", io.BytesIO(b"x"))
    assert [token for _, token in site.asked] == ["Bearer secret"]


@pytest.mark.parametrize(
    "url",
    [
        "https://uploads.evil.org/x",
        "http://uploads.github.com/x",
        "https://uploads.github.com:8443/x",
        "https://api.github.com.evil.org/x",
        "https://127.0.0.1/x",
        "no url",
    ],
)
def test_what_an_answer_names_elsewhere_is_not_asked(url: str) -> None:
    site = always(200)
    with pytest.raises(GitHubError) as caught:
        site.transport().upload(url, "x", io.BytesIO(b"x"))
    assert caught.value.fix
    assert site.asked == []


def test_a_download_is_redirected_without_the_token() -> None:
    site = Site(
        lambda url: (
            (302, {"Location": "https://objects.example.org/x"}, b"")
            if "github" in url
            else (200, {}, b"bytes")
        )
    )
    assert b"".join(site.transport().download(f"{API_URL}/x")) == b"bytes"
    assert site.asked == [(f"{API_URL}/x", "Bearer secret"), ("https://objects.example.org/x", None)]


@pytest.mark.parametrize(
    "url",
    ["http://objects.example.org/x", "http://api.github.com/x", "https://169.254.169.254/", "https://[::1]/"],
)
def test_a_redirect_leads_neither_out_of_https_nor_inside(url: str) -> None:
    site = always(302, Location=url)
    with pytest.raises(GitHubError, match="sends us on to"):
        list(site.transport().download(f"{API_URL}/x"))
    assert len(site.asked) == 1


def test_redirects_in_a_circle_come_to_an_end() -> None:
    with pytest.raises(GitHubError, match="more than 5 times"):
        always(302, Location=f"{API_URL}/x").transport().get(f"{API_URL}/x")


@pytest.mark.parametrize("body", [HTML, b"", b"[" * 100_000, b'{"a": NaN}', b"\xff"])
def test_an_answer_that_is_no_json_is_an_error_with_a_cure(body: bytes) -> None:
    with pytest.raises(GitHubError, match="something else than GitHub's API says") as caught:
        always(200, body).transport().get(f"{API_URL}/x")
    assert "login page" in caught.value.fix


@pytest.mark.parametrize("body", [b"{}", b'{"items": 1}', b"null", HTML])
@pytest.mark.parametrize("of", ["", "items"])
def test_a_list_that_is_none_is_an_error(body: bytes, of: str) -> None:
    with pytest.raises(GitHubError, match="something else than GitHub's API says"):
        list(always(200, body).transport().pages(f"{API_URL}/x", of=of))


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry_After": "7"}, 7),
        ({"Retry_After": "Sun, 09 Sep 2001 01:46:50 GMT"}, 10),
        ({"Retry_After": "soon"}, 60),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "1000000005"}, 5),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "never"}, 60),
        ({"x_ratelimit_remaining": "0"}, 60),
    ],
)
def test_a_rate_limit_is_waited_for_however_it_is_said(headers: dict[str, str], wait: float) -> None:
    site = always(403, HTML, **headers)
    with pytest.raises(GitHubError, match="rate limit is used up"):
        site.transport().get(f"{API_URL}/x")
    assert set(site.slept) == {wait}


def test_a_limit_without_an_end_is_an_error_at_once() -> None:
    site = always(429, Retry_After="9" * 400)
    with pytest.raises(GitHubError, match="rate limit is used up"):
        site.transport().get(f"{API_URL}/x")
    assert site.slept == []
