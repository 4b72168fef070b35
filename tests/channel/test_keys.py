from semver import Version

from jesses.channel import keys

VERSION = Version.parse("1.2.0-rc.1+build")


def test_the_layout_stays_as_stores_have_it() -> None:
    assert keys.PROBE == "journal/probe"
    assert keys.journal("hawk", "stable_agent-1.0.0") == "journal/hawk/stable_agent-1.0.0.json"
    assert keys.lease("hawk", "stable") == "journal/hawk/leases/stable.json"
    assert keys.retired("hawk", "stable") == "journal/hawk/retired/stable.json"
    assert keys.record("hawk", "agent", Version(1)) == "journal/hawk/released/agent/1.0.0.json"
    assert keys.kept_files("hawk", "agent") == "journal/hawk/released/agent/objects/"


def test_everything_is_memory_and_nothing_else_is() -> None:
    for key in (keys.PROBE, keys.journal("hawk", "x"), keys.record("hawk", "agent", VERSION)):
        assert keys.is_memory(key)
    assert not keys.is_memory("deb/dists/stable/InRelease")


def test_a_journal_is_told_from_what_lies_beside_it() -> None:
    assert keys.is_journal(keys.journal("hawk", "stable_agent-1.0.0"), "hawk")
    beside = (keys.lease("hawk", "dev"), keys.retired("hawk", "dev"), keys.record("hawk", "agent", VERSION))
    for key in (*beside, keys.PROBE, keys.journal("kestrel", "stable_agent-1.0.0"), "journal/hawk/notes.txt"):
        assert not keys.is_journal(key, "hawk")


def test_a_record_is_read_back_and_kept_files_are_none() -> None:
    key = keys.record("hawk", "agent", VERSION)
    found = keys.parts_of_record(key, "hawk")
    assert found
    assert keys.records("hawk") + "/".join(found) + ".json" == key
    assert keys.parts_of_record(keys.kept_files("hawk", "agent") + "c0ffee", "hawk") is None
