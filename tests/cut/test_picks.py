from jesses.cut.picks import wanted
from jesses.history.notes import Contribution
from jesses.publish.github import Pull


def commit(letter: str, message: str = "fix: it") -> Contribution:
    return Contribution(sha=letter * 40, message=message, author="Ada", email="a@e", date=1, paths=("a",))


def pull(*labels: str, merged: bool = True) -> Pull:
    return Pull(
        number=1,
        title="fix",
        body="",
        author="ada",
        author_url="https://h/ada",
        url="https://h/1",
        state="closed",
        merged=merged,
        merge_commit=None,
        labels=labels,
    )


def test_a_commit_asks_for_a_line_by_its_message_or_its_pull_request() -> None:
    main = [
        commit("a", "fix: a\n\nBackport: 1.1"),
        commit("b"),
        commit("c"),
        commit("d", "fix: d\n\nBackport: 1.10"),
        commit("e", "fix: e\n\nnot a Backport: 1.1"),
    ]
    pulls = {main[1].sha: pull("backport/1.1"), main[2].sha: pull("backport/1.1", merged=False)}
    assert wanted("1.1", main, (), pulls) == (main[0], main[1])


def test_what_the_branch_has_under_another_name_is_left_out() -> None:
    fix = commit("a", "fix: a\n\nBackport: 1.1")
    picked = commit("f", f"{fix.message}\n\n(cherry picked from commit {fix.sha})")
    assert wanted("1.1", [fix], [picked], {}) == ()
    assert wanted("1.1", [fix], [commit("f")], {}) == (fix,)
