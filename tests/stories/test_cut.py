"""The life of a product on a local remote, without GitHub: what is pushed at every step."""

import json
import re
from pathlib import Path

import pytest

from jesses.base.errors import ConflictError, CutError, PickError
from jesses.cut.apply import apply
from jesses.cut.options import CutOptions
from jesses.cut.prepare import prepare
from jesses.cut.session import open_cut
from jesses.signing import openpgp
from jesses.signing.verification import verify_detached
from tests.support.commands import jesses
from tests.support.remote import Crash, Maintainer, Remote, dies_after

pytestmark = pytest.mark.process


def headings(text: str) -> list[str]:
    return re.findall(r"^## (\S+)", text, re.MULTILINE)


def test_the_life_of_a_product(remote: Remote, ada: Maintainer) -> None:
    # the first minor: two candidates, then the release
    ada.cut("userspace", stage="rc")
    assert remote.tags() == ["0.1.0-rc1"]
    assert remote.branches() == ["main", "release/0.1.x"]
    remote.merge({"agent.c": "2\n"}, "fix: count\n\nBackport: 0.1")
    remote.merge({"agent.c": "3\n"}, "new: for later")
    ada.cut("userspace", stage="rc")
    assert remote.git("show", "0.1.0-rc2:agent.c") == "2"
    ada.cut("userspace", stage="final")
    assert remote.tags() == ["0.1.0", "0.1.0-rc1", "0.1.0-rc2"]
    text = remote.text("0.1.0")
    assert headings(text) == ["0.1.0"]
    assert "* new: a hawk - Test" in text
    assert "* fix: count - Test" in text
    assert "for later" not in text
    assert remote.git("rev-parse", "0.1.0^{commit}") == remote.git("rev-parse", "release/0.1.x")
    assert remote.branches() == ["changelog/0.1.0", "main", "release/0.1.x"]
    remote.accept("changelog/0.1.0")
    assert remote.text("main") == text

    # a driver on its own, as its contract says
    remote.merge({"driver/a.c": "1\n"}, "new(driver): an event")
    remote.merge({"driver/API_VERSION": "1.1.0\n"}, "update(driver): the contract")
    ada.cut("driver")
    assert "1.0.0+driver" in remote.tags()
    assert headings(remote.text("1.0.0+driver")) == ["1.0.0+driver", "0.1.0"]
    remote.accept("changelog/1.0.0+driver")

    # the next minor has what came since, and not what was backported before
    ada.cut("userspace")
    text = remote.text("0.2.0")
    assert headings(text) == ["0.2.0", "1.0.0+driver", "0.1.0"]
    section = text.partition("## 0.2.0")[2].partition("\n## ")[0]
    assert "for later" in section
    assert "fix: count" not in section
    assert "driver" not in section
    remote.accept("changelog/0.2.0")

    # a patch of the older line, after the newer minor
    remote.merge({"b.c": "1\n"}, "fix: leak\n\nBackport: 0.1")
    ada.cut(level="patch", line="0.1")
    assert "0.1.1" in remote.tags()
    assert headings(remote.text("0.1.1")) == ["0.1.1", "0.1.0"]
    remote.accept("changelog/0.1.1")
    assert headings(remote.text("main")) == ["0.2.0", "1.0.0+driver", "0.1.1", "0.1.0"]
    assert ada.is_tidy()


def test_both_are_cut_when_both_have_changes(remote: Remote, ada: Maintainer) -> None:
    ada.cut(stage="rc")
    assert remote.tags() == ["0.1.0-rc1", "1.0.0-rc1+driver"]
    ada.cut()
    assert remote.tags() == ["0.1.0", "0.1.0-rc1", "1.0.0+driver", "1.0.0-rc1+driver"]
    assert remote.git("rev-parse", "0.1.0^{commit}") == remote.git("rev-parse", "1.0.0+driver^{commit}")
    assert headings(remote.text("main", "release.toml")) == []
    assert sorted(headings(remote.text("0.1.0"))) == ["0.1.0", "1.0.0+driver"]
    remote.accept("changelog/0.1.0")
    remote.merge({"driver/a.c": "1\n"}, "fix(driver): a race")
    plan = ada.plan()
    assert [planned.tag for planned in plan.tags] == ["1.0.1+driver"]
    assert "its contract did not" in " ".join(plan.tags[0].why)


def test_what_was_cut_is_what_the_checkout_then_is(
    remote: Remote, ada: Maintainer, capsys: pytest.CaptureFixture[str]
) -> None:
    ada.cut()
    ada.git("switch", "--quiet", "--detach", "0.1.0")
    assert jesses("versions", "--json", "--project", str(ada.root)) == 0
    versions = json.loads(capsys.readouterr().out)
    assert {name: value["version"] for name, value in versions.items()} == {
        "userspace": "0.1.0",
        "driver": "1.0.0",
    }


def test_a_driver_without_a_rise_goes_on_from_main_on_its_own_branch(remote: Remote, ada: Maintainer) -> None:
    ada.cut("driver")
    remote.merge({"driver/a.c": "1\n"}, "fix(driver): a race")
    ada.cut("driver")
    assert remote.git("show", "1.0.1+driver:driver/a.c") == "1"
    assert remote.git("merge-base", "--is-ancestor", "1.0.0+driver", "1.0.1+driver") == ""
    assert remote.git("rev-parse", "1.0.1+driver^{commit}") == remote.git("rev-parse", "release/1.0.x+driver")


def test_a_plan_changes_nothing_and_names_every_object(remote: Remote, ada: Maintainer) -> None:
    before = remote.refs(), ada.git("show-ref")
    plan = ada.plan()
    assert [update.ref for update in plan.updates] == [
        "refs/heads/release/0.1.x",
        "refs/tags/0.1.0",
        "refs/tags/1.0.0+driver",
        "refs/heads/changelog/0.1.0",
    ]
    assert remote.refs() == before[0]
    assert [line for line in ada.git("show-ref").splitlines() if "refs/tags" in line] == []
    ada.cut()
    assert {update.ref: update.new for update in plan.updates}.items() <= remote.refs().items()


def test_running_it_again_finds_nothing_to_release(remote: Remote, ada: Maintainer) -> None:
    ada.cut()
    before = remote.refs()
    with pytest.raises(CutError, match=r"userspace has changed since 0\.1\.0"):
        ada.cut()
    remote.accept("changelog/0.1.0")
    with pytest.raises(CutError, match="nothing to release"):
        ada.cut(level="minor")
    with pytest.raises(CutError, match=r"nothing to release") as caught:
        ada.cut(level="patch")
    assert "backport/0.1" in caught.value.fix
    assert {ref for ref in remote.refs() if "tags" in ref} == {ref for ref in before if "tags" in ref}


def test_a_candidate_without_anything_new_is_refused(remote: Remote, ada: Maintainer) -> None:
    ada.cut("userspace", stage="rc")
    with pytest.raises(CutError, match=r"userspace has changed since 0\.1\.0-rc1"):
        ada.cut("userspace", stage="rc")


def test_a_conflict_stops_with_a_recipe_and_goes_on_when_it_is_resolved(
    remote: Remote, ada: Maintainer
) -> None:
    ada.cut("userspace")
    remote.accept("changelog/0.1.0")
    remote.merge({"agent.c": "two\n"}, "new: not for the patch")
    remote.merge({"agent.c": "three\n"}, "fix: conflicts\n\nBackport: 0.1")
    remote.merge({"other.c": "1\n"}, "fix: does not\n\nBackport: 0.1")
    before = remote.refs()
    message = r"backport of \w+ fix: conflicts to release/0\.1\.x conflicts in agent\.c"
    with pytest.raises(PickError, match=message) as caught:
        ada.cut("userspace", level="patch")
    with pytest.raises(PickError):
        ada.cut("userspace", level="patch")
    assert remote.refs() == before
    assert ada.git("status", "--porcelain") == ""
    tree = re.findall(r"cd (\S+)", caught.value.fix)[0]
    (Path(tree) / "agent.c").write_text("patched\n")
    ada.git("-C", tree, "add", "agent.c")
    ada.cut("userspace", level="patch")
    assert remote.git("show", "0.1.1:agent.c") == "patched"
    assert remote.git("show", "0.1.1:other.c") == "1"
    text = remote.text("0.1.1")
    assert headings(text) == ["0.1.1", "0.1.0"]
    assert "* fix: conflicts" in text
    assert ada.is_tidy()


def test_a_backport_that_the_branch_has_already_is_left_out(remote: Remote, ada: Maintainer) -> None:
    remote.merge({"agent.c": "2\n"}, "fix: a\n\nBackport: 0.1")
    ada.cut("userspace")
    remote.accept("changelog/0.1.0")
    remote.merge({"agent.c": "3\n"}, "fix: b")
    remote.merge({"agent.c": "2\n"}, "fix: back to what the branch has\n\nBackport: 0.1")
    remote.merge({"c.c": "2\n"}, "fix: c\n\nBackport: 0.1")
    ada.cut("userspace", level="patch")
    assert "fix: c" in remote.text("0.1.1")
    assert remote.git("show", "0.1.1:agent.c") == "2"


def test_two_maintainers_at_once_end_with_one_release_and_a_clear_message(
    remote: Remote, ada: Maintainer
) -> None:
    bo = remote.maintainer("bo")
    plan = bo.plan()
    ada.cut()
    before = remote.refs()
    context = bo.context()
    with pytest.raises(ConflictError, match="somebody else has pushed a release") as caught:
        apply(plan, context.clone, None, print)
    assert "release.status" in caught.value.fix
    assert remote.refs() == before
    assert bo.git("tag") == ""
    assert bo.is_tidy()
    with pytest.raises(CutError, match="nothing to release"):
        bo.cut()


def test_two_maintainers_with_different_releases_both_get_theirs(remote: Remote, ada: Maintainer) -> None:
    bo = remote.maintainer("bo")
    plan = bo.plan(CutOptions(components=("driver",)))
    ada.cut("userspace")
    context = bo.context()
    apply(plan, context.clone, None, print)
    assert remote.tags() == ["0.1.0", "1.0.0+driver"]


def scenario(remote: Remote) -> None:
    """A product at 0.1.0, with a backport and something new on main."""
    starter = remote.maintainer("starter")
    starter.cut("userspace")
    remote.accept("changelog/0.1.0")
    remote.merge({"x.c": "1\n"}, "fix: x\n\nBackport: 0.1")
    remote.merge({"y.c": "1\n"}, "new: y")


def test_killed_after_every_command_and_run_again_the_end_is_the_same(tmp_path: Path) -> None:
    expected, ends, count = None, 0, 0
    (tmp_path / "base").mkdir()
    base = Remote(tmp_path / "base")
    scenario(base)
    while True:
        root = tmp_path / str(count)
        root.mkdir()
        copy = _copied(base, root)
        ada = copy.maintainer("ada")
        try:
            ada.cut("userspace", level="patch", git=dies_after(count))
            ends += 1
        except Crash:
            state = copy.refs()
            try:
                ada.cut("userspace", level="patch")
            except CutError as error:
                assert "nothing to release" in str(error)  # noqa: PT017 -- it died after the push
                assert "refs/tags/0.1.1" in state
        tags = copy.refs()
        expected = expected or tags
        assert tags == expected, f"killed before command {count}"
        assert copy.git("show", "0.1.1:x.c") == "1"
        if ends:
            break
        count += 1
    assert count > 40
    assert ada.is_tidy()


def test_a_tree_in_which_git_was_killed_is_made_anew(remote: Remote, ada: Maintainer) -> None:
    scenario(remote)
    ada.plan(CutOptions(components=("userspace",), level="patch"))
    (lock,) = (path / "index.lock" for path in (ada.root / ".git" / "worktrees").iterdir() if path.is_dir())
    lock.write_text("")
    ada.cut("userspace", level="patch")
    assert remote.git("show", "0.1.1:x.c") == "1"
    assert ada.is_tidy()


def _copied(remote: Remote, root: Path) -> Remote:
    copy = object.__new__(Remote)
    copy.root = root / "hawk.git"
    copy._base = root
    remote.git("clone", "--quiet", "--mirror", str(remote.root), str(copy.root))
    return copy


def test_tags_are_annotated_and_signed_when_a_key_is_there(remote: Remote, ada: Maintainer) -> None:
    ada.signer = openpgp.ephemeral("Hawk")
    ada.cut("userspace")
    body = remote.git("cat-file", "tag", "0.1.0")
    assert "tagger Ada <ada@example.org> 1800000000 +0000" in body
    text, _, signature = body.partition("-----BEGIN PGP SIGNATURE-----")
    armored = f"-----BEGIN PGP SIGNATURE-----{signature}\n"
    verify_detached(text.encode(), armored.encode(), public_key=ada.signer.public_key)


def test_a_product_in_a_directory_of_its_repository(tmp_path: Path) -> None:
    remote = Remote(tmp_path)
    remote.merge({"products/kite/a": "1\n"}, "new: another product")
    ada = remote.maintainer("ada")
    ada.git("config", "user.name", "Ada")
    (ada.root / "sub").mkdir()
    text = (ada.root / "release.toml").read_text()
    remote.merge({"sub/release.toml": text, "sub/driver/API_VERSION": "1.0.0\n"}, "new: inside")
    ada.git("pull", "--quiet")
    ada.root = ada.root / "sub"
    ada.cut("userspace")
    section = remote.text("0.1.0", "sub/CHANGELOG.md")
    assert "new: inside" in section
    assert "another product" not in section


def test_a_remote_that_does_not_answer_is_told(remote: Remote, ada: Maintainer) -> None:
    ada.git("remote", "set-url", "origin", str(remote.root) + "-gone")
    with pytest.raises(CutError, match="cannot read the remote origin"):
        ada.plan()


def test_a_remote_that_refuses_leaves_nothing_half(remote: Remote, ada: Maintainer) -> None:
    hook = remote.root / "hooks" / "update"
    hook.write_text('#!/bin/sh\ncase "$1" in refs/tags/*) echo no tags here >&2; exit 1;; esac\n')
    hook.chmod(0o755)
    before = remote.refs()
    with pytest.raises(CutError, match="refuses the push"):
        ada.cut()
    assert remote.refs() == before


def test_a_repository_on_github_needs_a_token(remote: Remote, ada: Maintainer) -> None:
    text = (ada.root / "release.toml").read_text().replace("[project]", '[project]\ngithub = "hawk/hawk"')
    remote.merge({"release.toml": text}, "new: on GitHub")
    ada.git("pull", "--quiet")
    context = open_cut(ada.root, environment={}, remote="origin", rerun="")
    checks = prepare(CutOptions(), context).checks
    assert [check.name for check in checks if check.state == "failed"] == ["token"]
