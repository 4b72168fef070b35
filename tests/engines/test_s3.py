"""The S3 store against real services, and against their failures."""

import hashlib
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from jesses.base.errors import StoreError
from jesses.channel import keys
from jesses.stores import Metadata, Store, headers
from jesses.stores.factory import open_store
from jesses.stores.probe import probe
from jesses.stores.s3 import S3Store
from tests.engines.fault_proxy import Fault, Proxy, Request, proxy_to
from tests.engines.s3_services import SERVICES, SESSION, client
from tests.support.store_contract import StoreContract, existing

_numbers = count()
KEY = "repo/pool/k.deb"


@pytest.fixture(scope="module", params=SERVICES)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with SERVICES[request.param](tmp_path_factory.mktemp("service")) as url:
        yield url


@pytest.fixture(scope="module")
def proxied(service: str) -> Iterator[Proxy]:
    with proxy_to(service) as proxy:
        yield proxy


@pytest.fixture
def proxy(proxied: Proxy) -> Proxy:
    proxied.reset()
    proxied.dropped = frozenset()
    return proxied


@pytest.fixture
def bucket(service: str) -> str:
    name = f"bucket-{next(_numbers)}"
    client(service).create_bucket(Bucket=name)
    return name


class TestS3Store(StoreContract):
    @pytest.fixture
    def store(self, service: str, bucket: str) -> S3Store:
        return S3Store(client=client(service), bucket=bucket, prefix="repo", wait=int)


class TestS3StoreOfLargeFiles(StoreContract):
    """Everything but small writes goes in parts."""

    @pytest.fixture
    def store(self, service: str, bucket: str) -> S3Store:
        return S3Store(client=client(service), bucket=bucket, wait=int, large=0)


def through(proxy: Proxy, bucket: str, *, patience: float = 30, large: int = 64 << 20) -> S3Store:
    return S3Store(
        client=client(proxy.url, patience=patience), bucket=bucket, prefix="repo", wait=int, large=large
    )


def requests(proxy: Proxy) -> list[str]:
    return [request.method for request in proxy.requests]


def on(number: int, fault: Fault) -> Callable[[Request], Fault | None]:
    return lambda request: fault if request.number == number else None


# What an object is like


def test_objects_carry_what_a_web_server_says(service: str, bucket: str) -> None:
    store = S3Store(client=client(service), bucket=bucket, prefix="/a/b/", wait=int)
    store.put_if_absent("pool/x.deb", b"1")
    store.put_if_unchanged("dists/InRelease", b"2", None)
    store.put_if_absent("x.bin", b"3", Metadata(content_type="text/css", cache_control="no-store"))
    described = {listed.key: store.head(listed.key) for listed in store.list()}
    assert {key: head and head.metadata for key, head in described.items()} == {
        "dists/InRelease": Metadata(content_type="text/plain; charset=utf-8", cache_control=headers.POINTER),
        "pool/x.deb": Metadata(
            content_type="application/vnd.debian.binary-package", cache_control=headers.IMMUTABLE
        ),
        "x.bin": Metadata(content_type="text/css", cache_control="no-store"),
    }
    answer = client(service).get_object(Bucket=bucket, Key="a/b/pool/x.deb")
    assert answer["Metadata"] == {"sha256": hashlib.sha256(b"1").hexdigest()}


def test_a_large_file_is_sent_in_parts_with_little_memory(service: str, bucket: str, tmp_path: Path) -> None:
    source = tmp_path / "large.rpm"
    size = (80 << 20) + 5
    with source.open("wb") as file:
        for number in range(80):
            file.write(bytes([number]) * (1 << 20))
        file.write(b"12345")
    told: list[tuple[str, int, int]] = []
    store = S3Store(
        client=client(service),
        bucket=bucket,
        wait=int,
        progress=lambda key, sent, total: told.append((key, sent, total)),
        large=1 << 20,
    )
    tracemalloc.start()
    try:
        assert store.put_if_absent("large.rpm", source)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 << 20  # four threads with a part of 16 MiB each
    head = store.head("large.rpm")
    assert head
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    assert (head.size, head.sha256) == (size, digest)
    stream = store.open("large.rpm")
    assert stream
    with stream:
        assert hashlib.file_digest(stream, "sha256").hexdigest() == digest
    assert told[-1] == ("large.rpm", size, size)
    assert [sent for _, sent, _ in told] == sorted(sent for _, sent, _ in told)
    assert store.put_if_absent("large.rpm", source) is None
    assert not client(service).list_multipart_uploads(Bucket=bucket).get("Uploads")


def test_a_large_file_that_loses_a_race_leaves_no_parts(service: str, bucket: str, tmp_path: Path) -> None:
    source = tmp_path / "large.rpm"
    source.write_bytes(bytes(20 << 20))
    rival = S3Store(client=client(service), bucket=bucket, wait=int)

    def interfere(key: str, sent: int, total: int) -> None:
        if sent == total:
            rival.put_if_absent(key, b"rival")

    store = S3Store(client=client(service), bucket=bucket, wait=int, progress=interfere, large=1)
    assert store.put_if_absent("k.rpm", source) is None
    assert existing(store, "k.rpm").data == b"rival"
    assert not client(service).list_multipart_uploads(Bucket=bucket).get("Uploads")


def test_damage_is_found_when_an_object_is_read(service: str, bucket: str) -> None:
    store = S3Store(client=client(service), bucket=bucket, wait=int)
    digest = hashlib.sha256(b"other").hexdigest()
    client(service).put_object(Bucket=bucket, Key="k", Body=b"data", Metadata={"sha256": digest})
    with pytest.raises(StoreError, match=r"s3://.*/k is damaged"):
        store.get("k")


@pytest.mark.parametrize("checks", [True, False], ids=["checks", "ignores checksums"])
def test_damage_on_the_way_is_found(proxy: Proxy, bucket: str, tmp_path: Path, *, checks: bool) -> None:
    source = tmp_path / "k.rpm"
    source.write_bytes(bytes(20 << 20))
    proxy.fault = lambda request: "spoiled" if request.method == "PUT" else None
    if not checks:
        proxy.dropped = frozenset({"x-amz-checksum-sha256", "x-amz-sdk-checksum-algorithm"})
    for large in (64 << 20, 1):
        store, key = through(proxy, bucket, large=large), f"k-{large}.rpm"
        with pytest.raises(StoreError, match=r"damaged|BadDigest|InvalidPart|InvalidRequest"):
            _send_and_read(store, key, source)
        assert checks or store.head(key) is None


def _send_and_read(store: S3Store, key: str, source: Path) -> None:
    # moto says that it has checked, and has not.
    store.put_if_absent(key, source)
    store.get(key)


def test_objects_of_other_tools_are_read(service: str, bucket: str) -> None:
    client(service).put_object(Bucket=bucket, Key="k", Body=b"data")
    store = S3Store(client=client(service), bucket=bucket, wait=int)
    found = existing(store, "k")
    assert store.put_if_unchanged("k", b"new", found.token)


# What it costs


def test_how_many_requests_each_call_makes(
    proxy: Proxy, bucket: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store = through(proxy, bucket)
    source = tmp_path / "x.deb"
    source.write_bytes(b"x" * 1000)
    # ministack does not say in its answer to PUT what it has received, so it is asked.
    asked = ["HEAD"] if "ministack" in request.node.name else []
    assert store.put_if_absent(KEY, source)
    assert requests(proxy) == ["PUT", *asked]
    assert store.put_if_absent(KEY, source) is None
    assert requests(proxy) == ["PUT", *asked, "PUT"]
    proxy.reset()
    token = store.put_if_unchanged("p", b"1", None)
    token = store.put_if_unchanged("p", b"2", token)
    assert requests(proxy) == ["PUT", *asked] * 2
    proxy.reset()
    store.get("p")
    store.head("p")
    list(store.list("p"))
    assert requests(proxy) == ["GET", "HEAD", "GET"]
    proxy.reset()
    probe(store, keys.PROBE)
    assert requests(proxy) == ["PUT", *asked, "PUT", "PUT"]
    proxy.reset()
    probe(store, keys.PROBE)
    assert requests(proxy) == ["PUT", "PUT"]


@pytest.mark.parametrize("in_memory", [False, True])
def test_a_body_that_is_refused_is_not_sent(
    proxy: Proxy, bucket: str, tmp_path: Path, *, in_memory: bool
) -> None:
    data = bytes(3 << 20)
    (tmp_path / "x.deb").write_bytes(data)
    source = data if in_memory else tmp_path / "x.deb"
    store = through(proxy, bucket)
    assert store.put_if_absent(KEY, source)
    first = [request.sent for request in proxy.requests if request.method == "PUT"]
    proxy.reset()
    assert store.put_if_absent(KEY, source) is None
    assert first == [len(data)]
    assert [(request.method, request.sent) for request in proxy.requests] == [("PUT", 0)]


# What goes wrong


@pytest.mark.parametrize("fault", ["500", "503", "409", "reset", "timeout", "lost"])
@pytest.mark.parametrize("number", [1, 2], ids=["once", "twice"])
def test_a_write_outlives_a_fault(proxy: Proxy, bucket: str, fault: Fault, number: int) -> None:
    store = through(proxy, bucket, patience=0.5)
    proxy.fault = lambda request: fault if request.number <= number and request.writes else None
    token = store.put_if_absent(KEY, b"data")
    assert token
    assert existing(store, KEY).token == token
    proxy.requests.clear()
    token = store.put_if_unchanged("p", b"1", None)
    assert token
    proxy.requests.clear()
    token = store.put_if_unchanged("p", b"2", token)
    assert token
    assert existing(store, "p").token == token


def test_a_lost_answer_to_the_last_attempt_is_looked_up(proxy: Proxy, bucket: str) -> None:
    store = S3Store(client=client(proxy.url, attempts=1), bucket=bucket, wait=int)
    proxy.fault = on(1, "lost")
    token = store.put_if_absent(KEY, b"data")
    assert token
    assert existing(store, KEY).token == token


def test_a_repeated_write_that_another_won_is_refused(service: str, proxy: Proxy, bucket: str) -> None:
    store, rival = (
        through(proxy, bucket),
        S3Store(client=client(service), bucket=bucket, prefix="repo", wait=int),
    )

    def interfere(request: Request) -> Fault | None:
        if request.number == 1:
            rival.put_if_absent(KEY, b"rival")
            return "500"
        return None

    proxy.fault = interfere
    assert store.put_if_absent(KEY, b"data") is None
    assert existing(store, KEY).data == b"rival"


@pytest.mark.parametrize("fault", ["500", "reset"])
def test_a_store_that_stays_down_is_an_error(proxy: Proxy, bucket: str, fault: Fault) -> None:
    store = S3Store(client=client(proxy.url, attempts=2), bucket=bucket, wait=int)
    proxy.fault = lambda _: fault
    with pytest.raises(StoreError, match=r"cannot (read|write) s3://"):
        store.put_if_absent(KEY, b"data")
    with pytest.raises(StoreError, match="cannot read s3://"):
        store.get(KEY)
    with pytest.raises(StoreError, match="cannot list s3://"):
        list(store.list())
    proxy.reset()
    assert store.get(KEY) is None


def test_a_store_that_is_always_busy_is_given_up(proxy: Proxy, bucket: str) -> None:
    waits: list[int] = []
    store = S3Store(client=client(proxy.url), bucket=bucket, wait=waits.append)
    proxy.fault = lambda _: "409"
    with pytest.raises(StoreError, match="is being written all the time"):
        store.put_if_absent(KEY, b"data")
    assert waits == list(range(len(waits)))
    assert len(waits) > 3


def test_a_broken_download_is_resumed(proxy: Proxy, bucket: str) -> None:
    store = through(proxy, bucket)
    data = hashlib.sha256(b"seed").digest() * (1 << 16)
    store.put_if_absent(KEY, data)
    proxy.reset()
    proxy.fault = on(1, "truncated")
    assert existing(store, KEY).data == data
    assert len(proxy.requests) == 2
    assert proxy.requests[1].headers["Range"].startswith("bytes=")
    assert proxy.requests[1].headers["If-Match"]


def test_a_download_of_what_changes_is_an_error(service: str, proxy: Proxy, bucket: str) -> None:
    store, rival = (
        through(proxy, bucket),
        S3Store(client=client(service), bucket=bucket, prefix="repo", wait=int),
    )
    store.put("k", bytes(1 << 20))

    def interfere(request: Request) -> Fault | None:
        if request.number == 1:
            return "truncated"
        rival.put("k", b"other")
        return None

    proxy.reset()
    proxy.fault = interfere
    with pytest.raises(StoreError, match="changed while it was read"):
        store.get("k")


@pytest.mark.parametrize("fault", ["500", "lost"])
def test_a_large_file_outlives_a_fault_at_every_request(
    proxy: Proxy, bucket: str, tmp_path: Path, fault: Fault
) -> None:
    source = tmp_path / "k.rpm"
    source.write_bytes(bytes(17 << 20))
    digest = hashlib.sha256(bytes(17 << 20)).hexdigest()
    store = through(proxy, bucket, large=1)
    store.put_if_absent("all", source)
    for number in range(1, len(proxy.requests) + 1):
        proxy.reset()
        proxy.fault = on(number, fault)
        assert store.put_if_absent(f"k{number}", source), number
        head = store.head(f"k{number}")
        assert head
        assert head.sha256 == digest


# The probe


@pytest.mark.parametrize(
    ("dropped", "message"),
    [
        ("if-none-match", "ignores If-None-Match: a published package could be overwritten"),
        ("if-match", "ignores If-Match: of two releases at once"),
    ],
)
def test_a_store_that_ignores_conditions_is_refused(
    proxy: Proxy, bucket: str, dropped: str, message: str
) -> None:
    for _ in range(2):
        proxy.dropped = frozenset({dropped})
        with pytest.raises(StoreError, match=message):
            opened(proxy.url, bucket)
        proxy.dropped = frozenset()
        opened(proxy.url, bucket)


def opened(endpoint: str, bucket: str) -> Store:
    store = open_store(
        f"s3://{bucket}/repo",
        directory=Path("/nonexistent"),
        progress=lambda *_: None,
        endpoint=endpoint,
        session=SESSION,
    )
    probe(store, keys.PROBE)
    return store


def test_a_bucket_that_is_not_there_is_named(service: str) -> None:
    with pytest.raises(StoreError, match=r"NoSuchBucket") as raised:
        opened(service, "no-such-bucket")
    assert "create the bucket" in raised.value.fix


def test_a_bucket_that_denies_says_what_to_grant(proxy: Proxy, bucket: str) -> None:
    denied = S3Store(client=client(proxy.url), bucket=bucket, wait=int)
    proxy.fault = lambda _: "403"
    with pytest.raises(StoreError, match="AccessDenied") as raised:
        denied.put_if_absent(KEY, b"data")
    assert "s3:PutObject" in raised.value.fix


def test_a_service_that_is_not_there_is_an_error() -> None:
    store = S3Store(client=client("http://127.0.0.1:1", attempts=1), bucket="bucket", wait=int)
    with pytest.raises(StoreError, match="Could not connect"):
        store.get("k")
