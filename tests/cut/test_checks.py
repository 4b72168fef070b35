"""What must hold before a release is cut, on a scripted remote."""

import json

import pytest

from jesses.base.errors import CutError
from jesses.cut.options import CutOptions
from jesses.cut.plan import CutPlan
from tests.support.memory_store import MemoryStore
from tests.support.remote import PRODUCT, Maintainer, Remote

pytestmark = pytest.mark.process


JOURNAL = {
    "channel": "stable",
    "versions": {"userspace": "0.1.0"},
    "phase": "staged",
    "history": [{"phase": "staged"}],
    "artifacts": [{"file": "hawk.deb", "component": "userspace", "sha256": "0", "signed_sha256": None}],
}


def failed(plan: CutPlan) -> list[str]:
    return [check.name for check in plan.checks if check.state == "failed"]


def test_every_check_that_fails_is_told_at_once_with_its_cure(remote: Remote, ada: Maintainer) -> None:
    remote.merge({"release.toml": f'{PRODUCT}[channels.stable]\nstore = "../site"\n'}, "new: a channel")
    ada.git("pull", "--quiet")
    ada.git("switch", "--quiet", "--create", "work")
    (ada.root / "agent.c").write_text("changed\n")
    ada.git("config", "--unset", "user.name")
    ada.git("config", "user.name", "")
    ada.git("tag", "0.1.0")
    ada.stores["stable"] = MemoryStore()
    ada.stores["stable"].put("journal/hawk/stable_userspace-0.1.0.json", json.dumps(JOURNAL).encode())
    plan = ada.plan(CutOptions(components=("userspace",)))
    assert failed(plan) == ["clean", "branch", "manager", "version", "local-tag"]
    before = remote.refs()
    with pytest.raises(CutError) as caught:
        ada.cut("userspace")
    message = str(caught.value)
    for cure in ("git status", "git switch main", "git config user.name", "git tag --delete 0.1.0"):
        assert cure in message
    assert remote.refs() == before
    assert failed(ada.plan(CutOptions(components=("userspace",)), skip=["clean", "branch"])) == [
        "manager",
        "version",
        "local-tag",
    ]


def test_commits_that_were_not_pushed_are_told(remote: Remote, ada: Maintainer) -> None:
    (ada.root / "agent.c").write_text("changed\n")
    ada.git("commit", "--quiet", "--all", "--message", "new: not pushed")
    assert failed(ada.plan()) == ["pushed"]


@pytest.mark.parametrize(("contract", "word"), [("0.9.0\n", "it went down"), ("soon\n", "is no SemVer")])
def test_a_broken_contract_is_a_check_that_fails(
    remote: Remote, ada: Maintainer, contract: str, word: str
) -> None:
    ada.cut("driver")
    remote.merge({"driver/API_VERSION": contract}, "update(driver): the contract")
    plan = ada.plan(CutOptions(components=("driver",)))
    assert failed(plan) == ["contract"]
    assert word in next(check.detail for check in plan.checks if check.name == "contract")


def test_a_patch_whose_contract_rose_is_refused(remote: Remote, ada: Maintainer) -> None:
    ada.cut("driver")
    remote.accept("changelog/1.0.0+driver")
    remote.merge({"driver/API_VERSION": "1.1.0\n"}, "update(driver): more\n\nBackport: 1.0")
    with pytest.raises(CutError, match=r"1\.1\.0 does not belong on release/1\.0\.x\+driver"):
        ada.cut("driver", level="patch")


def test_an_unknown_component_is_told(ada: Maintainer) -> None:
    with pytest.raises(CutError, match="no component 'kernel'"):
        ada.cut("kernel")


def test_a_component_of_another_repository_is_released_there(remote: Remote, ada: Maintainer) -> None:
    remote.merge({"release.toml": f'{PRODUCT}[components.libs]\nrepository = "../libs"\n'}, "build: on libs")
    (ada.root.parent / "libs").mkdir()
    ada.git("pull", "--quiet")
    with pytest.raises(CutError, match="libs is in another repository"):
        ada.cut("libs")
    assert [planned.component for planned in ada.plan().tags] == ["userspace", "driver"]
