"""A dry run finds what it would have written, and writes nothing."""

from jesses.image.registry.dry_run import DryRunRepository
from jesses.image.registry.push import check, send
from jesses.stores.dry_run import StoreChange
from tests.support.fake_registry import FakeRegistry
from tests.support.registry_bench import HOST, Bench, blob, image

CONTENT = image(b"layer")
INDEX = CONTENT.documents[-1]


def test_what_would_be_written_is_found_again() -> None:
    registry, changes = FakeRegistry(), list[StoreChange]()
    there = DryRunRepository(Bench(registry).transport(), "example/kestrel", changes)
    send(CONTENT, there)
    there.put_manifest(INDEX, "1.0.0")
    check(CONTENT, there)
    assert there.find_manifest("1.0.0") == INDEX
    assert there.tags() == ("1.0.0",)
    assert registry.count("POST", "PUT", "PATCH") == 0
    wanted = [f"@{each.digest}" for each in CONTENT.blobs]
    wanted += [f"@{each.digest}" for each in CONTENT.documents]
    assert sorted(change.key for change in changes) == sorted(
        f"{HOST}/example/kestrel{each}" for each in (*wanted, ":1.0.0")
    )


def test_what_is_there_is_no_change_and_what_is_mounted_is_none_of_ours() -> None:
    bench, changes = Bench(FakeRegistry()), list[StoreChange]()
    bench.repository("library/debian").put_blob(blob(b"base"))
    bench.repository().put_blob(blob(b"there"))
    there = DryRunRepository(bench.transport(), "example/kestrel", changes)
    assert there.put_blob(blob(b"there")) == "present"
    assert there.put_blob(blob(b"base", origin="library/debian")) == "mounted"
    assert changes == []


def test_a_tag_that_is_there_would_be_replaced() -> None:
    bench, changes = Bench(FakeRegistry()), list[StoreChange]()
    send(CONTENT, bench.repository())
    bench.repository().put_manifest(INDEX, "latest")
    other = image(b"other").documents[-1]
    there = DryRunRepository(bench.transport(), "example/kestrel", changes)
    there.put_manifest(other, "latest")
    assert {
        change.key.rpartition(":")[2]: change.kind for change in changes if change.key.endswith("latest")
    } == {"latest": "replaced"}
