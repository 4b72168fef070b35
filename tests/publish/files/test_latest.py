import json

import pytest
from semver import Version

from jesses.base.errors import RepositoryError
from jesses.publish.files import latest
from jesses.publish.files.latest import Latest
from jesses.publish.shared.objects import RepositoryObjects
from tests.support.memory_store import MemoryStore

KEY = "files/latest/agent.json"
URL = "https://example.org/files"


def of(text: str) -> Latest:
    return Latest(version=Version.parse(text), files={f"agent-{text}.tar.gz": "0" * 64})


def shown(store: MemoryStore) -> str | None:
    data = store.objects.get(KEY)
    return json.loads(data)["version"] if data else None


@pytest.mark.parametrize(
    ("there", "new", "expected"),
    [
        (None, "1.0.0", "1.0.0"),
        ("1.0.0", "1.1.0", "1.1.0"),
        ("1.10.0", "1.9.0", "1.10.0"),
        ("1.0.0", "1.0.0-rc.1", "1.0.0"),
    ],
)
def test_it_moves_only_forward(there: str | None, new: str, expected: str) -> None:
    store = MemoryStore({KEY: of(there).render(URL)} if there else None)
    objects = RepositoryObjects(store, "files")
    latest.move_forward(objects, "agent", of(new), url=URL)
    assert shown(store) == expected
    assert objects.pointers == (KEY,)
    assert latest.version_of(objects, "agent") == Version.parse(expected)


def test_the_files_are_named_with_where_they_are() -> None:
    data = json.loads(of("1.0.0").render(URL))
    assert data["files"] == {"agent-1.0.0.tar.gz": {"url": f"{URL}/agent-1.0.0.tar.gz", "sha256": "0" * 64}}


@pytest.mark.parametrize(
    ("there", "left", "expected"),
    [("2.0.0", "1.0.0", "1.0.0"), ("2.0.0", None, None), ("3.0.0", None, "3.0.0")],
)
def test_what_is_gone_is_followed_by_what_is_left(there: str, left: str | None, expected: str | None) -> None:
    store = MemoryStore({KEY: of(there).render(URL)})
    objects = RepositoryObjects(store, "files")
    latest.put_back(objects, "agent", Version(2), of(left) if left else None, url=URL)
    assert shown(store) == expected


def test_what_cannot_be_read_is_named() -> None:
    objects = RepositoryObjects(MemoryStore({KEY: b"[]"}), "files")
    with pytest.raises(RepositoryError, match=f"{KEY} does not name a version"):
        latest.move_forward(objects, "agent", of("1.0.0"), url=URL)
