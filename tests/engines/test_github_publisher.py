"""Publishing to the stand-in for GitHub: drafts, digests, signatures, and what is the latest."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from semver import Version

from jesses.base.artifact import Artifact, ArtifactKind
from jesses.base.errors import ConflictError, GitHubError
from jesses.config import Component
from jesses.plan.versions.lines import tag_of
from jesses.publish import HoldLease
from jesses.publish.github import DryRunGitHub, GitHub, GitHubTransport, Releases
from jesses.publish.github.publisher import GitHubPublisher, TaggedRelease
from jesses.signing import Signer, openpgp
from jesses.signing.verification import verify_detached
from tests.engines.github_api import Fault, GitHubState, github_api
from tests.stories.test_latest import SCRIPTED
from tests.support.apt_site import SIGNER

HAWK = openpgp.ephemeral("Hawk")
COMPONENTS = {"userspace": Component(), "driver": Component(tag="{version}+driver")}


@dataclass
class Bench:
    state: GitHubState
    github: GitHub
    directory: Path
    signer: Signer | None = None
    lease: HoldLease = nullcontext

    def file(
        self, name: str, data: bytes = b"x", *, kind: ArtifactKind = "tarball", component: str = "userspace"
    ) -> Artifact:
        path = self.directory / name
        path.write_bytes(data)
        return Artifact(
            path=path, kind=kind, component=component, name="hawk", version=Version(1), arch="x86_64",
            size=len(data), sha256=hashlib.sha256(data).hexdigest(),
        )  # fmt: skip

    def publisher(
        self, version: str = "1.0.0", *, driver: str = "", github: Releases | None = None
    ) -> GitHubPublisher:
        releases = [_release("userspace", version, leads=True)]
        if driver:
            releases.append(_release("driver", driver, leads=False))
        return GitHubPublisher(
            github or self.github,
            releases,
            components=COMPONENTS,
            project="hawk",
            signer=self.signer,
            install=["sudo apt-get install hawk"],
            lease=self.lease,
        )

    def publish(self, version: str, *artifacts: Artifact, github: Releases | None = None) -> None:
        publisher = self.publisher(version, github=github)
        publisher.stage(publisher.check(artifacts))
        publisher.verify()
        publisher.commit()

    def names(self, index: int = 0) -> list[str]:
        return [asset["name"] for asset in self.state.assets[self.state.releases[index]["id"]]]

    def latest(self) -> str | None:
        found = self.github.latest_release()
        return found.tag if found else None


def _release(component: str, version: str, *, leads: bool) -> TaggedRelease:
    tag = tag_of(COMPONENTS[component], Version.parse(version))
    return TaggedRelease(
        component=component,
        tag=tag,
        version=Version.parse(version),
        title=f"hawk {tag}",
        body=f"## {tag}\n\n* fix: a\n",
        leads=leads,
    )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    state = GitHubState()
    with github_api(state) as url, requests.Session() as session:
        transport = GitHubTransport(
            session, api_url=url, token=state.token, clock=lambda: 0, sleep=lambda _: None
        )
        yield Bench(state=state, github=GitHub(transport, api_url=url, name=state.repo), directory=tmp_path)
        assert state.refused == []


def test_nobody_sees_anything_before_the_commit(bench: Bench) -> None:
    publisher = bench.publisher("1.0.0", driver="7.0.0")
    artifacts = [bench.file("hawk.tar.gz"), bench.file("hawk-driver.tar.gz", component="driver")]
    publisher.stage(artifacts)
    publisher.verify()
    assert [release["draft"] for release in bench.state.releases] == [True, True]
    publication = publisher.commit()
    assert [release["draft"] for release in bench.state.releases] == [False, False]
    assert [release["tag_name"] for release in bench.state.releases] == ["1.0.0", "7.0.0+driver"]
    assert bench.names(0) == ["hawk.tar.gz", "SHA256SUMS"]
    assert bench.names(1) == ["hawk-driver.tar.gz", "SHA256SUMS"]
    assert (publication.uploaded, publication.present) == (4, 0)
    assert bench.latest() == "1.0.0"


def test_the_text_has_changes_install_lines_and_digests(bench: Bench) -> None:
    artifact = bench.file("hawk.tar.gz")
    bench.publish("1.0.0", artifact)
    body = bench.state.releases[0]["body"]
    assert body.startswith("* fix: a\n")
    assert "sudo apt-get install hawk" in body
    assert f"| `hawk.tar.gz` | tarball | x86_64 | `{artifact.sha256}` |" in body


def test_running_again_uploads_nothing_and_changes_nothing(bench: Bench) -> None:
    bench.signer = HAWK
    bench.publish("1.0.0", bench.file("hawk.tar.gz"))
    before = [dict(release) for release in bench.state.releases], dict(bench.state.content)
    bench.state.log.clear()
    bench.publish("1.0.0", bench.file("hawk.tar.gz"))
    assert ([dict(release) for release in bench.state.releases], bench.state.content) == before
    assert not [line for line in bench.state.log if not line.startswith("GET")]


def test_digests_are_signed(bench: Bench) -> None:
    bench.signer = HAWK
    bench.publish("1.0.0", bench.file("hawk.tar.gz"))
    assert bench.names() == ["hawk.tar.gz", "SHA256SUMS", "SHA256SUMS.asc", "hawk.asc"]
    data = {
        asset["name"]: bench.state.content[asset["id"]]
        for asset in bench.state.assets[bench.state.releases[0]["id"]]
    }
    verify_detached(data["SHA256SUMS"], data["SHA256SUMS.asc"], public_key=data["hawk.asc"])


def test_another_key_or_other_bytes_are_an_error_and_nothing_is_replaced(bench: Bench) -> None:
    bench.signer = HAWK
    bench.publish("1.0.0", bench.file("hawk.tar.gz"))
    before = dict(bench.state.content)
    bench.signer = SIGNER
    with pytest.raises(ConflictError, match=r"SHA256SUMS\.asc with other bytes"):
        bench.publish("1.0.0", bench.file("hawk.tar.gz"))
    with pytest.raises(ConflictError, match=r"hawk\.tar\.gz with other bytes"):
        bench.publish("1.0.0", bench.file("new.tar.gz"), bench.file("hawk.tar.gz", b"other"))
    assert bench.state.content == before


@pytest.mark.parametrize(
    "endpoint", ["create_release", "upload_asset", "update_release", "releases", "assets"]
)
@pytest.mark.parametrize("effect", ["refuse", "lose-answer", "close"])
def test_one_failure_anywhere_changes_nothing_of_the_end(bench: Bench, endpoint: str, effect: str) -> None:
    bench.state.faults = [Fault(endpoint=endpoint, effect=effect)]  # type: ignore[arg-type]
    bench.publish("1.0.0", bench.file("hawk.tar.gz"))
    assert bench.state.faults == []
    assert len(bench.state.releases) == 1
    assert bench.names() == ["hawk.tar.gz", "SHA256SUMS"]
    assert bench.latest() == "1.0.0"


def test_a_run_that_died_is_finished_by_the_next(bench: Bench) -> None:
    publisher = bench.publisher()
    publisher.stage([bench.file("hawk.tar.gz")])
    bench.publish("1.0.0", bench.file("hawk.tar.gz"))
    assert bench.names() == ["hawk.tar.gz", "SHA256SUMS"]
    assert bench.latest() == "1.0.0"


class Died(BaseException):
    """The process died here."""


class DyingSession(requests.Session):
    """Dies when its request number `count` is done."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.left = count

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # noqa: ANN401
        response = super().send(request, **options)
        self.left -= 1
        if self.left == 0:
            raise Died
        return response


def test_killed_after_every_request_and_run_again_the_end_is_the_same(bench: Bench) -> None:
    bench.signer = HAWK
    count, ended = 0, False
    while not ended:
        count += 1
        bench.state.forget()
        bench.publish("1.1.0", bench.file("hawk.tar.gz"))
        with DyingSession(count) as session:
            transport = GitHubTransport(
                session,
                api_url=bench.state.url,
                token=bench.state.token,
                clock=lambda: 0,
                sleep=lambda _: None,
            )
            github = GitHub(transport, api_url=bench.state.url, name=bench.state.repo)
            with suppress(Died):
                bench.publish("1.2.0", bench.file("hawk.tar.gz"), github=github)
                ended = True
        if not ended:
            bench.publish("1.2.0", bench.file("hawk.tar.gz"))
        shown = [(release["tag_name"], release["draft"]) for release in bench.state.releases]
        assert shown == [("1.1.0", False), ("1.2.0", False)], f"killed after request {count}"
        assert bench.names(1) == ["hawk.tar.gz", "SHA256SUMS", "SHA256SUMS.asc", "hawk.asc"]
        assert bench.latest() == "1.2.0"
    assert count > 10


def test_the_latest_goes_by_version_at_every_step_of_a_history_with_backports(bench: Bench) -> None:
    after = []
    for version, _ in SCRIPTED:
        bench.publish(version, bench.file("hawk.tar.gz"))
        after.append(bench.latest())
    assert after == [expected for _, expected in SCRIPTED]
    prereleases = [release["tag_name"] for release in bench.state.releases if release["prerelease"]]
    assert prereleases == [version for version, _ in SCRIPTED if "-" in version]


Order = Callable[[GitHubPublisher, GitHubPublisher], None]


@pytest.mark.parametrize("first", [0, 1])
def test_two_releases_at_once_end_right_in_either_order(bench: Bench, first: int) -> None:
    bench.publish("1.1.0", bench.file("hawk.tar.gz"))
    publishers = [bench.publisher("1.1.9"), bench.publisher("1.2.0")]
    for publisher in publishers:
        publisher.stage([bench.file("hawk.tar.gz")])
    publishers[first].commit()
    publishers[1 - first].commit()
    assert bench.latest() == "1.2.0"


def test_a_rehearsal_shows_what_would_change_and_changes_nothing(bench: Bench) -> None:
    bench.publish("1.0.0", bench.file("hawk.tar.gz"))
    before = [dict(release) for release in bench.state.releases], dict(bench.state.content)
    bench.state.log.clear()
    rehearsal = DryRunGitHub(bench.github)
    bench.publish("1.1.0", bench.file("hawk.tar.gz"), github=rehearsal)
    assert ([dict(release) for release in bench.state.releases], bench.state.content) == before
    assert not [line for line in bench.state.log if not line.startswith("GET")]
    assert [(change.key, change.kind) for change in rehearsal.changes] == [
        ("GitHub hawk/hawk: release 1.1.0", "new"),
        ("GitHub hawk/hawk: release 1.1.0: hawk.tar.gz", "new"),
        ("GitHub hawk/hawk: release 1.1.0: SHA256SUMS", "new"),
        ("GitHub hawk/hawk: the latest release", "replaced"),
    ]
    with pytest.raises(ConflictError, match="with other bytes"):
        bench.publish("1.0.0", bench.file("hawk.tar.gz", b"other"), github=DryRunGitHub(bench.github))


def test_a_rehearsal_of_what_is_published_has_no_changes(bench: Bench) -> None:
    bench.publish("1.2.0", bench.file("hawk.tar.gz"))
    rehearsal = DryRunGitHub(bench.github)
    bench.publish("1.2.0", bench.file("hawk.tar.gz"), github=rehearsal)
    assert rehearsal.changes == ()


def test_a_rehearsal_of_a_backport_leaves_the_latest(bench: Bench) -> None:
    bench.publish("1.2.0", bench.file("hawk.tar.gz"))
    rehearsal = DryRunGitHub(bench.github)
    bench.publish("1.1.9", bench.file("hawk.tar.gz"), github=rehearsal)
    assert not [change for change in rehearsal.changes if "latest" in change.key]
    assert rehearsal.latest_release() == bench.github.latest_release()


def test_the_latest_moves_only_while_the_lease_of_the_channel_is_held(bench: Bench) -> None:
    """Everything that changes what is visible happens between taking the lease and giving it back."""

    @contextmanager
    def lease() -> Iterator[None]:
        bench.state.log.append("lease taken")
        yield
        bench.state.log.append("lease given back")

    bench.lease = lease
    publisher = bench.publisher("1.0.0")
    publisher.stage([bench.file("hawk.tar.gz")])
    publisher.verify()
    bench.state.log.clear()
    publisher.commit()
    changes = [line for line in bench.state.log if not line.startswith("GET")]
    assert (changes[0], changes[-1], len(changes)) == ("lease taken", "lease given back", 3)
    assert changes[1].startswith("PATCH")
    # It is read back before the next release may move it.
    assert bench.state.log[-2].startswith("GET")
    assert "latest" in bench.state.log[-2]


def test_a_latest_that_does_not_stay_is_told(bench: Bench) -> None:
    bench.publish("1.2.0", bench.file("hawk.tar.gz"))
    bench.state.latest_sticks = False
    bench.state.latest = None
    with pytest.raises(GitHubError, match="does not stay where it is put"):
        bench.publish("1.2.0", bench.file("hawk.tar.gz"))


def test_a_release_that_somebody_else_called_the_latest_is_put_right(bench: Bench) -> None:
    bench.publish("1.2.0", bench.file("hawk.tar.gz"))
    bench.publish("1.1.9", bench.file("hawk.tar.gz"))
    bench.state.latest = bench.state.releases[1]["id"]
    bench.publish("1.1.9", bench.file("hawk.tar.gz"))
    assert bench.latest() == "1.2.0"
