"""`invoke release` to a bucket, as a user runs it: what is there, what a rerun does, and what it costs."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from jesses.base.errors import StoreError
from jesses.signing import openpgp_key
from jesses.stores.cdn import cloudfront
from jesses.stores.s3 import S3Store
from tests.engines.engines import run
from tests.engines.fault_proxy import Fault, Proxy, Request, proxy_to
from tests.engines.s3_services import SESSION, client, moto
from tests.support import apt_site, yum_client
from tests.support.hawk import PRODUCT
from tests.support.memory_store import MemoryStore
from tests.support.paths import ROOT
from tests.support.release_bench import Bench, CountingSigner, bench_in, packages
from tests.support.repository import Repository

BUILD = 'mkdir "$JESSES_STAGE/bin" && cd "$JESSES_STAGE/bin" && echo "$JESSES_ARCH" > hawk && chmod +x hawk'
_numbers = count()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with moto(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture
def proxy(service: str) -> Iterator[Proxy]:
    with proxy_to(service) as proxy:
        yield proxy


@pytest.fixture
def bucket(service: str) -> str:
    name = f"release-{next(_numbers)}"
    client(service).create_bucket(Bucket=name)
    return name


@dataclass
class User:
    """A maintainer at a terminal, with the product hawk and credentials for a bucket."""

    directory: Path
    proxy: Proxy
    bucket: str
    distribution: str
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        repository = Repository(self.directory / "hawk")
        channel = (
            f'[channels.stable]\nstore = "s3://{self.bucket}/packages"\nendpoint = "{self.proxy.url}"\n'
            f'url = "https://download.example.org/packages"\ncloudfront = "{self.distribution}"\n'
        )
        text = PRODUCT.replace('["make-it"]', json.dumps(["sh", "-c", BUILD])) + channel
        repository.commit({"release.toml": text, "copyright": "MIT\n"})
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("GITHUB", "CI"))},
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "tests",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_CLOUDFRONT": self.proxy.url,
            "JESSES_SIGNING_KEY": str(openpgp_key.generate("Hawk <hawk@example.org>")),
        }

    def argv(self, *options: str) -> list[str]:
        return [
            *(sys.executable, "-m", "invoke", "--search-root", str(ROOT), "release", "--channel", "stable"),
            *("--project", str(self.directory / "hawk"), "--dist", str(self.directory / "dist"), *options),
        ]

    def release(self, *options: str) -> str:
        return run(*self.argv(*options), env=self.env, cwd=self.directory).stdout

    def journal(self) -> dict[str, Any]:
        store = S3Store(client=client(self.proxy.target_url), bucket=self.bucket, wait=int)
        found = store.list("packages/journal/hawk/")
        (listed,) = (listed for listed in found if "/released/" not in listed.key)
        stored = store.get(listed.key)
        assert stored
        data: dict[str, Any] = json.loads(stored.data)
        return data

    def objects(self) -> MemoryStore:
        """All that is in the bucket."""
        store = S3Store(client=client(self.proxy.target_url), bucket=self.bucket, prefix="packages", wait=int)
        found = {listed.key: store.get(listed.key) for listed in store.list()}
        return MemoryStore({key: stored.data for key, stored in found.items() if stored})


@pytest.fixture
def user(tmp_path: Path, service: str, proxy: Proxy, bucket: str) -> User:
    distribution = new_distribution(service)
    return User(directory=tmp_path, proxy=proxy, bucket=bucket, distribution=distribution)


def new_distribution(service: str) -> str:
    answer = SESSION.client("cloudfront", endpoint_url=service).create_distribution(
        DistributionConfig={
            "CallerReference": str(next(_numbers)),
            "Comment": "",
            "Enabled": True,
            "Origins": {
                "Quantity": 1,
                "Items": [
                    {
                        "Id": "o",
                        "DomainName": "o.s3.amazonaws.com",
                        "S3OriginConfig": {"OriginAccessIdentity": ""},
                    }
                ],
            },
            "DefaultCacheBehavior": {"TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all"},
        }
    )
    return answer["Distribution"]["Id"]


def invalidations(service: str, distribution: str) -> list[list[str]]:
    api = SESSION.client("cloudfront", endpoint_url=service)
    listed = api.list_invalidations(DistributionId=distribution)["InvalidationList"].get("Items", [])
    found = [api.get_invalidation(DistributionId=distribution, Id=item["Id"]) for item in listed]
    return [item["Invalidation"]["InvalidationBatch"]["Paths"]["Items"] for item in found]


def test_a_release_to_a_bucket_a_dry_run_before_and_a_rerun_after(user: User, service: str) -> None:
    said = user.release("--dry-run")
    assert "nothing was changed (--dry-run)" in said
    assert "yum/repodata/repomd.xml" in said
    assert user.objects().objects == {}
    assert not [request for request in user.proxy.requests if request.writes]
    assert not (user.directory / "dist").exists()

    said = user.release()
    assert "https://download.example.org/packages/apt" in said
    written = user.objects()
    assert set(written.objects) >= {
        "apt/dists/stable/InRelease",
        "yum/repodata/repomd.xml",
        "files/SHA256SUMS",
    }
    journal = user.journal()
    assert (journal["phase"], journal["lease"]) == ("committed", None)
    (paths,) = invalidations(service, user.distribution)
    assert "/packages/apt/dists/stable/InRelease" in paths
    assert not [path for path in paths if "by-hash" in path or path.endswith((".deb", ".rpm", ".tar.gz"))]

    user.proxy.reset()
    said = user.release()
    assert "nothing was new: all of it is published already" in said
    probes = [request.path for request in user.proxy.requests if request.writes]
    assert len(probes) == 2
    assert all(path.endswith("/journal/probe") for path in probes)
    before = {key: data for key, data in written.objects.items() if key != "journal/probe"}
    after = {key: data for key, data in user.objects().objects.items() if key != "journal/probe"}
    assert before == after
    assert len(invalidations(service, user.distribution)) == 1


def test_a_killed_release_is_finished_by_the_next_run_without_a_wait(user: User) -> None:
    user.release()
    total = len(user.proxy.requests)
    for number in range(4, total, total // 5):
        clear(user)
        kill_at(user, number)
        at_death = packages(user.objects())
        user.proxy.reset()
        said = user.release()
        assert "waiting" not in said
        sent = {
            request.path.partition("/packages/")[2] for request in user.proxy.requests if request.sent > 1000
        }
        assert not at_death & sent
        assert user.journal()["phase"] == "committed"


def clear(user: User) -> None:
    store = S3Store(client=client(user.proxy.target_url), bucket=user.bucket, wait=int)
    for listed in store.list():
        head = store.head(listed.key)
        assert head
        store.delete_if_unchanged(listed.key, head.token)


def kill_at(user: User, number: int) -> None:
    """Run a release, and kill it when it makes request `number`."""
    user.proxy.reset()
    process = subprocess.Popen(
        user.argv(), env=user.env, cwd=user.directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def fault(request: Request) -> Fault | None:
        if request.number < number:
            return None
        process.kill()
        return "reset"

    user.proxy.fault = fault
    assert process.wait(60) == -9


def test_a_bucket_that_ignores_conditions_is_refused_before_anything_is_built(user: User) -> None:
    user.proxy.dropped = frozenset({"if-match"})
    result = run(*user.argv(), env=user.env, cwd=user.directory, check=False)
    assert result.returncode == 17
    assert "the store ignores If-Match" in result.stderr
    assert "agent for" not in result.stderr


# Without a build


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench_in(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


def stored(service: str, bucket: str) -> MemoryStore:
    store = S3Store(client=client(service), bucket=bucket, wait=int)
    found = {listed.key: store.get(listed.key) for listed in store.list()}
    return MemoryStore({key: stored.data for key, stored in found.items() if stored})


def test_a_lost_answer_at_every_fifth_request_costs_nothing(
    bench: Bench, service: str, proxy: Proxy, bucket: str
) -> None:
    store = S3Store(client=client(proxy.url), bucket=bucket, prefix="all", wait=int)
    bench.release(store)
    total = len(proxy.requests)
    assert total <= 95
    for number in range(1, total + 1, 5):
        proxy.reset()
        proxy.fault = lambda request, number=number: "lost" if request.number == number else None  # type: ignore[misc]
        signer = CountingSigner()
        store = S3Store(client=client(proxy.url), bucket=bucket, prefix=f"run-{number}", wait=int)
        bench.release(store, signer=signer)
        assert signer.packages == 2
    everything = stored(service, bucket).objects
    for number in range(1, total + 1, 5):
        prefix = f"run-{number}/"
        there = {key.removeprefix(prefix): data for key, data in everything.items() if key.startswith(prefix)}
        one = MemoryStore(there)
        assert set(apt_site.by_hash_client(one)) == {"amd64", "arm64"}, number
        assert apt_site.plain_client(one) == apt_site.by_hash_client(one), number
        assert len(yum_client.client(one)) == 2, number
        assert yum_client.signature_fits(one, apt_site.SIGNER), number


def test_a_distribution_that_is_not_there_says_that_the_release_is(service: str) -> None:
    invalidate = cloudfront(
        SESSION.client("cloudfront", endpoint_url=service), "NOSUCH", "https://example.org"
    )
    with pytest.raises(StoreError, match="the release is published, but CloudFront's NOSUCH was not told"):
        invalidate(["apt/dists/stable/InRelease"])
