"""GitHub's client against the stand-in, with faults."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from jesses.base.errors import GitHubError
from jesses.publish.github import GitHub, GitHubTransport, token_in
from tests.engines.github_api import Fault, GitHubState, github_api

SHA = "a" * 40


@dataclass
class Bench:
    state: GitHubState
    github: GitHub
    session: requests.Session
    slept: list[float] = field(default_factory=list)


@pytest.fixture
def bench() -> Iterator[Bench]:
    state = GitHubState()
    with github_api(state) as url, requests.Session() as session:
        slept: list[float] = []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            state.clock += seconds

        transport = GitHubTransport(
            session, api_url=url, token=state.token, clock=lambda: state.clock, sleep=sleep
        )
        github = GitHub(transport, api_url=url, name=state.repo)
        yield Bench(state=state, github=github, session=session, slept=slept)
        assert state.refused == []


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "hawk.tar.gz"
    path.write_bytes(b"hawk" * 100_000)
    return path


def test_a_release_grows_from_a_draft_to_the_latest(bench: Bench, big: Path) -> None:
    draft = bench.github.draft_of("1.0.0", name="hawk 1.0.0", prerelease=False)
    assert draft.draft
    asset = bench.github.upload(draft, "hawk.tar.gz", big)
    assert asset.sha256 == hashlib.sha256(big.read_bytes()).hexdigest()
    assert bench.github.latest_release() is None
    published = bench.github.publish(draft, body="words", prerelease=False, latest=True)
    assert (published.draft, published.body) == (False, "words")
    assert bench.github.latest_release() == published
    assert bench.github.draft_of("1.0.0", name="x", prerelease=False) == published


def test_a_digest_that_github_does_not_say_is_computed(bench: Bench, big: Path) -> None:
    bench.state.digests = False
    draft = bench.github.draft_of("1.0.0", name="x", prerelease=False)
    asset = bench.github.upload(draft, "a", big)
    assert asset.sha256 is None
    assert bench.github.digest(asset) == hashlib.sha256(big.read_bytes()).hexdigest()


def test_lists_are_read_to_their_last_page(bench: Bench) -> None:
    bench.state.page_size = 2
    for number in range(5):
        bench.state.add_pull(number + 1, "t", "b", commits=(SHA,))
        bench.github.draft_of(f"1.{number}.0", name="x", prerelease=False)
    assert len(list(bench.github.releases())) == 5
    assert [pull.number for pull in bench.github.pulls_of(SHA)] == [1, 2, 3, 4, 5]


def test_what_ci_says_comes_from_check_runs_and_statuses(bench: Bench) -> None:
    bench.state.check_runs[SHA] = [
        {"name": "build", "status": "completed", "conclusion": "success"},
        {"name": "slow", "status": "in_progress", "conclusion": None},
        {"name": "skipped", "status": "completed", "conclusion": "skipped"},
    ]
    bench.state.statuses[SHA] = [
        {"context": "prow", "state": "failure"},
        {"context": "tide", "state": "pending"},
    ]
    assert [(verdict.name, verdict.outcome) for verdict in bench.github.verdicts(SHA)] == [
        ("build", "passed"),
        ("slow", "pending"),
        ("skipped", "passed"),
        ("prow", "failed"),
        ("tide", "pending"),
    ]


@pytest.mark.parametrize("effect", ["rate-limit", "secondary-limit"])
def test_a_rate_limit_that_ends_soon_is_waited_for(bench: Bench, big: Path, effect: str) -> None:
    draft = bench.github.draft_of("1.0.0", name="x", prerelease=False)
    bench.state.faults = [Fault(endpoint="upload_asset", effect=effect, seconds=30)]  # type: ignore[arg-type]
    asset = bench.github.upload(draft, "a", big)
    assert asset.size == big.stat().st_size
    assert bench.slept == [30]


def test_a_rate_limit_that_lasts_is_told_with_its_end(bench: Bench) -> None:
    bench.state.faults = [Fault(endpoint="user", effect="rate-limit", seconds=1800)]
    with pytest.raises(GitHubError, match=r"rate limit is used up until \d\d:\d\d:\d\d UTC"):
        bench.github.login()
    assert bench.slept == []


def test_a_limit_that_comes_again_and_again_ends_too(bench: Bench) -> None:
    bench.state.faults = [Fault(endpoint="user", effect="secondary-limit", seconds=50) for _ in range(9)]
    with pytest.raises(GitHubError, match="rate limit"):
        bench.github.login()
    assert bench.slept == [50, 50]


def test_reading_is_tried_again_after_a_failure(bench: Bench) -> None:
    bench.state.faults = [
        Fault(endpoint="user", effect="refuse", status=503),
        Fault(endpoint="user", effect="close"),
    ]
    assert bench.github.login() == "ada"
    assert bench.slept == [1, 2]


def test_a_failure_that_stays_is_told(bench: Bench) -> None:
    bench.state.faults = [Fault(endpoint="user", effect="refuse", status=503) for _ in range(4)]
    with pytest.raises(GitHubError, match="GitHub answers 503") as caught:
        bench.github.login()
    assert caught.value.status == 503


Create = Callable[[Bench], object]


@pytest.mark.parametrize("effect", ["refuse", "lose-answer", "close"])
@pytest.mark.parametrize(
    ("endpoint", "create"),
    [
        ("create_release", lambda b: b.github.draft_of("1.0.0", name="x", prerelease=False)),
        ("create_pull", lambda b: b.github.open_pull(head="h", base="main", title="t", body="b")),
    ],
)
def test_nothing_is_made_twice_when_an_answer_is_lost(
    bench: Bench, endpoint: str, create: Create, effect: str
) -> None:
    bench.state.faults = [Fault(endpoint=endpoint, effect=effect)]  # type: ignore[arg-type]
    create(bench)
    assert len(bench.state.releases) + len(bench.state.pulls) == 1


@pytest.mark.parametrize("effect", ["refuse", "lose-answer", "close", "cut-off"])
def test_an_upload_ends_whole_and_once(bench: Bench, big: Path, effect: str) -> None:
    draft = bench.github.draft_of("1.0.0", name="x", prerelease=False)
    bench.state.faults = [Fault(endpoint="upload_asset", effect=effect)]  # type: ignore[arg-type]
    bench.github.upload(draft, "a", big)
    (asset,) = bench.github.assets(draft)
    assert asset.complete
    assert bench.github.content(asset) == big.read_bytes()


def test_already_exists_is_what_was_wanted(bench: Bench, big: Path) -> None:
    draft = bench.github.draft_of("1.0.0", name="x", prerelease=False)
    first = bench.github.upload(draft, "a", big)
    assert bench.github.upload(draft, "a", big) == first
    first_pull = bench.github.open_pull(head="h", base="main", title="t", body="b")
    assert bench.github.open_pull(head="h", base="main", title="t", body="b") == first_pull


def test_a_refusal_names_cause_and_cure(bench: Bench) -> None:
    draft = bench.github.draft_of("1.0.0-rc1", name="x", prerelease=True)
    with pytest.raises(GitHubError, match=r"422: Validation Failed; .*prerelease cannot be the latest"):
        bench.github.publish(draft, body="", prerelease=True, latest=True)


def test_a_wrong_token_is_told_and_never_shown(bench: Bench) -> None:
    bench.state.token = "another"
    with pytest.raises(GitHubError, match="Bad credentials") as caught:
        bench.github.login()
    assert "GITHUB_TOKEN" in caught.value.fix
    assert "ghs_secret" not in str(caught.value)


def test_another_service_at_that_address_is_told(bench: Bench) -> None:
    bench.state.check_runs[SHA] = [{"unexpected": 1}]
    with pytest.raises(GitHubError, match="something else than its API says"):
        list(bench.github.verdicts(SHA))


def test_the_token_has_githubs_own_names() -> None:
    assert token_in({"GH_TOKEN": "b"}) == "b"
    assert token_in({"GITHUB_TOKEN": "a", "GH_TOKEN": "b"}) == "a"
    assert token_in({"GITHUB_TOKEN": ""}) is None
