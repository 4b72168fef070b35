import json
from dataclasses import replace
from pathlib import Path

import pytest
from semver import Version

from jesses.base.errors import ConfigError, ConflictError
from jesses.channel.records import Listing, Record
from jesses.channel.survey import AgreedPlan, ObjectState, RemoteObject, as_data, read, survey
from jesses.config import Channel, parse
from jesses.history.git_history import Commit
from jesses.plan.plan import Plan, make_plan
from tests.support.hawk import PRODUCT, VERSION
from tests.support.memory_store import MemoryStore

CONFIG = parse(PRODUCT + '[channels.stable]\nstore = "site"\n', origin="release.toml")
CHANNEL: Channel = CONFIG.channels["stable"]
DEB = "apt/pool/main/hawk/hawk-1.2.3-x86_64.deb"
RPM = "yum/packages/hawk-1.2.3-x86_64.rpm"
POINTERS = ["files/SHA256SUMS", "files/latest/userspace.json", "apt/dists/stable/InRelease", "yum/mirrorlist"]


def plan(commit: str = "a" * 40) -> Plan:
    version = replace(VERSION, commit=Commit(sha=commit, date=VERSION.commit.date))
    return make_plan(CONFIG, {"userspace": version}, channel="stable")


def note(store: MemoryStore, *, commit: str = "a" * 40, withdrawn: str = "") -> None:
    record = Record(store=store, project="hawk", component="userspace", version=Version.parse("1.2.3"))
    listing = Listing(published=1, objects={}, commit=commit, withdrawn=withdrawn)
    record.change(lambda found: replace(found, channels={"stable": listing}))


def states(store: MemoryStore) -> dict[str, ObjectState]:
    return {found.key: found.state for found in survey(plan(), CHANNEL, store)}


def test_in_an_empty_place_everything_is_new() -> None:
    found = states(MemoryStore())
    assert set(found.values()) == {"new"}
    assert set(POINTERS) <= set(found)
    assert {DEB, RPM, "files/hawk-1.2.3-x86_64.tar.gz"} <= set(found)
    assert len(found) == 6 + len(POINTERS) + 1  # and Release, for those without a key


def test_new_packages_move_the_pointers_of_their_repository() -> None:
    store = MemoryStore(dict.fromkeys(POINTERS, b"there"))
    for key in states(store):
        if key.startswith("yum/"):
            store.objects[key] = b"there"
    note(store)
    found = states(store)
    assert found["yum/mirrorlist"] == found[RPM] == "same"
    assert found["apt/dists/stable/InRelease"] == "moves"
    assert found[DEB] == "new"


@pytest.mark.parametrize(
    ("commit", "withdrawn", "state"),
    [("a" * 40, "", "same"), ("b" * 40, "", "conflict"), ("a" * 40, "yanked", "conflict")],
)
def test_the_commit_tells_what_is_the_same(commit: str, withdrawn: str, state: ObjectState) -> None:
    store = MemoryStore({DEB: b"deb"})
    note(store, commit=commit, withdrawn=withdrawn)
    assert states(store)[DEB] == state


def test_what_an_interrupted_run_has_staged_is_the_same() -> None:
    store = MemoryStore({DEB: b"deb"})
    journal = {"commits": {"userspace": "a" * 40}}
    store.objects["journal/hawk/stable_userspace-1.2.3.json"] = json.dumps(journal).encode()
    assert states(store)[DEB] == "same"


def test_what_nobody_noted_is_a_conflict() -> None:
    (found,) = (each for each in survey(plan(), CHANNEL, MemoryStore({DEB: b"deb"})) if each.key == DEB)
    assert (found.state, found.why) == ("conflict", "nobody noted which commit it is from")


def agreed(store: MemoryStore, tmp_path: Path) -> AgreedPlan:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(as_data(plan(), survey(plan(), CHANNEL, store))))
    return read(path)


def test_the_same_plan_on_the_same_remote_is_carried_out(tmp_path: Path) -> None:
    store = MemoryStore(dict.fromkeys(POINTERS, b"there"))
    found = agreed(store, tmp_path)
    assert found.channel == "stable"
    found.check_plan(plan())
    found.check_remote(survey(plan(), CHANNEL, store))


@pytest.mark.parametrize("key", [*POINTERS, DEB])
def test_what_changed_on_the_remote_is_named(tmp_path: Path, key: str) -> None:
    store = MemoryStore(dict.fromkeys(POINTERS, b"there"))
    found = agreed(store, tmp_path)
    store.objects[key] = b"other"
    with pytest.raises(ConflictError, match=f"the remote has changed since this plan was made: .*{key}"):
        found.check_remote(survey(plan(), CHANNEL, store))


def test_another_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConflictError, match="it differs in versions"):
        agreed(MemoryStore(), tmp_path).check_plan(plan("b" * 40))


def test_a_plan_with_a_conflict_is_not_carried_out(tmp_path: Path) -> None:
    store = MemoryStore({DEB: b"deb"})
    with pytest.raises(ConflictError, match=f"in conflict with what is published: {DEB}"):
        agreed(store, tmp_path).check_remote(survey(plan(), CHANNEL, store))


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"channel": "x", "remote": [1]})])
def test_what_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(ConfigError, match="holds no plan"):
        read(tmp_path / "plan.json")
    with pytest.raises(ConfigError, match="cannot read"):
        read(tmp_path / "other.json")


def test_objects_are_plain_data() -> None:
    found = RemoteObject(key="a", state="new", token="")
    assert as_data(plan(), [found])["remote"] == [{"key": "a", "state": "new", "token": "", "why": ""}]
