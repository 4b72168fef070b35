import pytest

from jesses.base.errors import RepositoryError
from jesses.publish.files.sums import SIGNATURE, SUMS, SumLines, Sums, parsed, rendered
from jesses.publish.shared.objects import RepositoryObjects
from jesses.signing.verification import is_signed_by
from tests.support.apt_site import SIGNER
from tests.support.memory_store import MemoryStore, once

OURS = {"ours.tar.gz": "1" * 64}
THEIRS = {"theirs.tar.gz": "2" * 64}


def add(store: MemoryStore, lines: SumLines) -> None:
    Sums(RepositoryObjects(store, "files"), SIGNER).edit(lambda there: {**there, **lines})


def assert_signed(store: MemoryStore) -> None:
    text, signature = store.objects[f"files/{SUMS}"], store.objects[f"files/{SIGNATURE}"]
    assert is_signed_by(SIGNER.public_key, text, signature)


def test_a_list_is_read_as_it_was_written() -> None:
    assert parsed(rendered({**THEIRS, **OURS})) == {**OURS, **THEIRS}


def test_what_another_writer_adds_stays_and_the_whole_is_signed() -> None:
    store = MemoryStore()
    store.before = once("put_if_unchanged", f"files/{SUMS}", lambda: add(store, THEIRS))
    add(store, OURS)
    assert Sums(RepositoryObjects(store, "files"), SIGNER).read() == {**OURS, **THEIRS}
    assert_signed(store)


def test_a_list_that_moves_while_it_is_signed_is_signed_again() -> None:
    store = MemoryStore()
    store.before = once("put_if_unchanged", f"files/{SIGNATURE}", lambda: add(store, THEIRS))
    add(store, OURS)
    assert_signed(store)


def test_a_list_that_says_all_already_is_not_written_again() -> None:
    store = MemoryStore()
    add(store, OURS)
    store.reset()
    add(store, OURS)
    assert not [call for call in store.calls if call.writes]


def test_anything_else_is_no_list() -> None:
    store = MemoryStore({f"files/{SUMS}": b"<html>"})
    with pytest.raises(RepositoryError, match="SHA256SUMS holds '<html>'"):
        add(store, OURS)
