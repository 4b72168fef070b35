"""Laws over any history: what is computed is never lower than what HEAD contains, and never taken."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from semver import Version

from jesses.base.errors import ReleaseError
from jesses.history.git import GitReader
from jesses.history.git_history import GitHistory
from jesses.plan.versions import ComponentVersion
from jesses.plan.versions.component_tags import tags_by_component
from tests.support.fake_history import FakeHistory
from tests.support.lines import BOTH, CONTRACT, versions
from tests.support.repository import Repository

BRANCHES = ("main", "release/0.1.x", "release/0.2.x", "feature")
PATTERNS = {name: component.tag for name, component in BOTH.items()}

Operation = tuple[str, str]
operations = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.sampled_from(["userspace/a.c", "driver/a.c", "driver/b.c"])),
        st.tuples(st.just("raise"), st.sampled_from(["0 2", "1 1", "1 0"])),
        st.tuples(st.just("branch"), st.sampled_from(BRANCHES)),
        st.tuples(st.just("merge"), st.sampled_from(BRANCHES)),
        st.tuples(st.just("release"), st.sampled_from(["userspace", "driver"])),
        st.tuples(st.just("candidate"), st.sampled_from(["userspace", "driver"])),
    ),
    max_size=25,
)


def play(script: Sequence[Operation]) -> FakeHistory:
    """The history that a script makes; operations that make no sense where they stand do nothing."""
    history = FakeHistory()
    history.change("userspace/a.c", "driver/a.c", API_VERSION="1.0.0", SCHEMA_VERSION="1.0.0")
    for what, which in script:
        match what:
            case "change":
                history.change(which)
            case "raise":
                _raise_contract(history, which)
            case "branch":
                history.switch(which, create=which not in history.tips)
            case "merge" if which in history.tips and history.apart(history.at, history.tips[which])[1]:
                history.merge(which)
            case "release" | "candidate":
                _tag(history, which, final=what == "release")
            case _:
                pass
    return history


def _raise_contract(history: FakeHistory, which: str) -> None:
    at, level = map(int, which.split())
    old = Version.parse(str(history.read([(history.at, CONTRACT[at])])[0]).strip())
    new = (old.bump_patch, old.bump_minor, old.bump_major)[level]()
    history.change(**{CONTRACT[at].removeprefix("driver/"): str(new)})


def _tag(history: FakeHistory, component: str, *, final: bool) -> None:
    """Tag what development leads to, as a maintainer would."""
    try:
        found = versions(history)[component]
    except ReleaseError:
        return
    if found.tag is None:
        version = found.version.finalize_version() if final else found.version.replace(prerelease="rc.1")
        name = PATTERNS[component].replace("{version}", str(version.replace(build=None)))
        if name not in history.tagged:
            history.tag(name)


def computed(history: FakeHistory | GitHistory) -> dict[str, ComponentVersion] | str:
    try:
        return versions(history)
    except ReleaseError as error:
        return type(error).__name__


@given(operations)
def test_a_version_is_never_lower_than_what_its_commit_contains(script: Sequence[Operation]) -> None:
    history = play(script)
    found = computed(history)
    if isinstance(found, str):
        return
    lines = tags_by_component(PATTERNS, history.tags())
    for name, value in found.items():
        held = history.merged([tagged.tag for tagged in lines[name].finals])
        highest = max((t.version for t in lines[name].finals if t.tag in held), default=Version(0))
        assert value.version > highest if value.tag is None else value.version >= highest


@given(operations)
def test_development_leads_to_a_version_that_is_free(script: Sequence[Operation]) -> None:
    history = play(script)
    found = computed(history)
    if isinstance(found, str):
        return
    for name, value in found.items():
        final = PATTERNS[name].replace("{version}", str(value.version.finalize_version()))
        if value.tag is None and final in history.tagged:
            assert final in history.tags_holding_head()


@given(operations)
def test_from_one_base_versions_rise_along_main(script: Sequence[Operation]) -> None:
    history = play(script)
    history.switch("main")
    earlier = computed(history)
    history.change("userspace/a.c")
    history.change("driver/new.c")
    later = computed(history)
    if isinstance(earlier, str) or isinstance(later, str):
        return
    for name, value in later.items():
        assert value.evidence is not None
        if value.evidence.base == getattr(earlier[name].evidence, "base", None):
            assert value.version > earlier[name].version


@pytest.mark.process
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(operations)
def test_git_and_the_plainest_history_agree(script: Sequence[Operation]) -> None:
    history = play(script)
    with tempfile.TemporaryDirectory() as directory:
        shas = replay(history, Repository(Path(directory)))
        with GitReader(Path(directory)) as git:
            found = computed(GitHistory(git))
        expected = computed(history)
        assert shape(found, shas) == shape(expected, sorted(history.nodes))


def shape(found: dict[str, ComponentVersion] | str, shas: Sequence[str]) -> object:
    """What two histories of other hashes have in common."""
    if isinstance(found, str):
        return found
    return {
        name: (value.version.replace(build=None), value.tag, shas.index(value.commit.sha))
        for name, value in found.items()
    }


def replay(history: FakeHistory, repository: Repository) -> list[str]:
    """The same commits, branches and tags in a real repository; the hashes in the order of their making."""
    real: dict[str, str] = {}
    for sha in sorted(history.nodes):
        node = history.nodes[sha]
        if node.parents:
            repository.git("checkout", "--quiet", "--detach", real[node.parents[0]])
        for parent in node.parents[1:]:
            repository.git("merge", "--quiet", "--no-ff", "--no-commit", "--strategy=ours", real[parent])
        real[sha] = repository.commit(dict(node.files), message=node.message)
    repository.git("checkout", "--quiet", "--detach")
    for branch, sha in history.tips.items():
        repository.git("branch", "--force", branch, real[sha])
    for at, (name, sha) in enumerate(history.tagged.items()):
        annotation = ("--annotate", "--message", "x") if at % 2 else ()
        repository.git("tag", *annotation, name, real[sha])
    repository.git("checkout", "--quiet", str(history.on))
    return list(real.values())
