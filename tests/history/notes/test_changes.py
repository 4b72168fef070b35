from jesses.config import Component
from jesses.history.notes.changes import (
    Change,
    Contribution,
    PullRequest,
    changes_in,
    newcomers,
    of_component,
)

COMPONENTS = {
    "userspace": Component(),
    "driver": Component(tag="{version}+driver", paths=("driver", "contract/API_VERSION")),
}
NONE: frozenset[str] = frozenset()


def commit(message: str, *paths: str, sha: str = "a", author: str = "Ada") -> Contribution:
    return Contribution(
        sha=sha * 40,
        message=message,
        author=author,
        email=f"{author.lower()}@example.org",
        date=0,
        paths=paths or ("userspace/agent.c",),
    )


def pull(number: int, body: str, *, title: str = "new: a title", author: str = "ada") -> PullRequest:
    return PullRequest(
        number=number, title=title, body=body, author=author, url=f"u/{number}", author_url=f"u/{author}"
    )


def test_a_pull_request_of_many_commits_is_named_once_with_its_author_and_link() -> None:
    one = pull(7, "```release-note\nfix: b\n```")
    commits = [commit("wip", sha="a"), commit("more wip", sha="b")]
    changes = changes_in(commits, {"a" * 40: one, "b" * 40: one}, released=NONE)
    assert changes == (
        Change(kind="bug", text="fix: b", author="@ada", author_url="u/ada", number=7, url="u/7"),
    )


def test_none_is_listed_by_its_title_under_other() -> None:
    changes = changes_in([commit("x")], {"a" * 40: pull(7, "```release-note\nNONE\n```")}, released=NONE)
    assert [(change.kind, change.text) for change in changes] == [("other", "new: a title")]


def test_without_a_block_the_title_counts() -> None:
    changes = changes_in([commit("x")], {"a" * 40: pull(7, "")}, released=NONE)
    assert [(change.kind, change.text) for change in changes] == [("major", "new: a title")]


def test_a_commit_without_pull_request_speaks_for_itself() -> None:
    changes = changes_in([commit("fix(agent): count (#12)\n\nbody")], {}, released=NONE)
    assert changes == (Change(kind="bug", text="fix(agent): count", author="Ada", number=12),)


def test_a_backport_names_the_pull_request_of_its_origin() -> None:
    picked = commit(f"fix: a\n\n(cherry picked from commit {'b' * 40})", sha="c")
    (change,) = changes_in([picked], {"b" * 40: pull(9, "")}, released=NONE)
    assert change.number == 9


def test_what_was_released_by_backport_and_our_own_commits_are_left_out() -> None:
    commits = [commit("fix: a", sha="a"), commit("release: 1.2.0", sha="b"), commit("new: c", sha="c")]
    assert [change.text for change in changes_in(commits, {}, released=frozenset({"a" * 40}))] == ["new: c"]


def test_each_component_has_the_changes_that_touch_it() -> None:
    driver = commit("new: d", "driver/a.c")
    both = commit("new: b", "driver/a.c", "userspace/a.c")
    contract = commit("new: c", "contract/API_VERSION")
    near = commit("new: n", "driver-loader/a")
    empty = Contribution(sha="e" * 40, message="new: e", author="A", email="a", date=0, paths=())
    commits = (driver, both, contract, near, empty)
    assert of_component(commits, "driver", COMPONENTS) == (driver, both, contract)
    assert of_component(commits, "userspace", COMPONENTS) == (both, near, empty)


def test_who_comes_for_the_first_time_is_thanked_once() -> None:
    commits = [
        commit("fix: a", author="Ada"),
        commit("fix: b", author="Bo", sha="b"),
        commit("fix: c", author="Bo", sha="c"),
        commit("release: 1", author="Cy", sha="d"),
    ]
    assert newcomers(commits, {}, frozenset({"ada@example.org"})) == ("Bo",)
    pulls = {"b" * 40: pull(1, "", author="bo"), "c" * 40: pull(2, "", author="bo")}
    assert newcomers(commits, pulls, frozenset({"ada@example.org"})) == ("@bo",)
