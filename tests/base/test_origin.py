"""What one origin is, and which addresses are of an inner network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jesses.base.origin import Origin, is_inner, is_loopback, redirected

URL = "https://registry.example.org"


@pytest.mark.parametrize(
    "url",
    [
        f"{URL}:443/v2/",
        "HTTPS://Registry.Example.ORG/x?y",
        f"{URL}./",
        "https://me:secret@registry.example.org/",
    ],
)
def test_the_same_origin_has_many_spellings(url: str) -> None:
    assert Origin.of(url) == Origin.of(URL)


@pytest.mark.parametrize(
    "url",
    [
        "http://registry.example.org",
        "http://registry.example.org:443",
        f"{URL}:444",
        f"{URL}.evil.org",
        "https://registry.example.org@evil.org/",
        "https://evil.org\\@registry.example.org/",
    ],
)
def test_another_scheme_host_or_port_is_another_origin(url: str) -> None:
    assert Origin.of(url) != Origin.of(URL)


@pytest.mark.parametrize(
    "url", ["", "file:///etc/passwd", "registry.example.org", "https://", "https://x:y/"]
)
def test_what_is_no_url_of_the_web_has_no_origin(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Origin.of(url)


@given(st.text() | st.text().map("https://".__add__))
def test_any_text_is_an_origin_or_a_value_error(text: str) -> None:
    try:
        origin = Origin.of(text)
    except ValueError:
        return
    assert Origin.of(str(origin)) == origin


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",  # noqa: S104 -- it is refused
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "[fe80::1%eth0]",
        "[fd00::1]",
        "[::ffff:10.0.0.1]",
    ],
)
def test_addresses_of_inner_networks(host: str) -> None:
    assert is_inner(host)


@pytest.mark.parametrize(
    "host", ["1.1.1.1", "[2606:4700::1111]", "registry.example.org", "10.example.org", ""]
)
def test_public_addresses_and_names(host: str) -> None:
    assert not is_inner(host)
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("method", "status", "location", "expected"),
    [
        ("GET", 307, "/y", f"{URL}/y"),
        ("HEAD", 302, "http://z/", "http://z/"),
        ("PUT", 307, "/y", f"{URL}/y"),
        ("PUT", 302, "/y", None),
        ("POST", 201, "/y", None),
        ("GET", 307, "", None),
    ],
)
def test_where_an_answer_leads(method: str, status: int, location: str, expected: str | None) -> None:
    assert redirected(method, status, {"Location": location}, f"{URL}/x") == expected
