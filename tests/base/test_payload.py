import pytest
from hypothesis import given
from hypothesis import strategies as st

from jesses.base.errors import PayloadError
from jesses.base.payload import Directory, File, Payload, Symlink, parents


def test_entries_come_out_sorted_by_path_bytes() -> None:
    payload = Payload.of(
        [File(path="/usr/b", source=b""), Directory(path="/usr"), File(path="/usr/a", source=b"")]
    )
    assert [entry.path for entry in payload] == ["/usr", "/usr/a", "/usr/b"]


@pytest.mark.parametrize(
    "path", ["usr/bin/x", "/", "//usr", "/usr/../etc/x", "/usr/./x", "/usr/", "/usr/\n", ""]
)
def test_a_path_that_could_escape_or_confuse_is_refused(path: str) -> None:
    with pytest.raises(PayloadError, match="payload is not sound"):
        Payload.of([File(path=path, source=b"")])


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(PayloadError) as caught:
        Payload.of(
            [
                File(path="/a", source=b""),
                File(path="/a", source=b""),
                Symlink(path="/l", target="a"),
                File(path="/l/x", source=b""),
                File(path="relative", source=b""),
            ]
        )
    assert "/a is claimed twice" in caught.value.what
    assert "/l/x lies inside /l" in caught.value.what
    assert "'relative' is not an absolute path" in caught.value.what


def test_with_parents_adds_each_missing_directory_once_and_keeps_what_is_there() -> None:
    owned = Directory(path="/var/lib/k", mode=0o700)
    payload = Payload.of([owned, File(path="/var/lib/k/a", source=b""), File(path="/usr/bin/k", source=b"")])
    full = payload.with_parents()
    assert [entry.path for entry in full] == [
        *("/usr", "/usr/bin", "/usr/bin/k", "/var", "/var/lib", "/var/lib/k", "/var/lib/k/a"),
    ]
    assert owned in full.entries


def test_own_directories_are_those_that_the_system_does_not_own() -> None:
    payload = Payload.of([File(path="/usr/share/doc/k/a", source=b""), File(path="/etc/k/sub/c", source=b"")])
    directories = [entry.path for entry in payload.with_own_directories() if isinstance(entry, Directory)]
    assert directories == ["/etc/k", "/etc/k/sub", "/usr/share/doc/k"]


names = st.text("abc.-", min_size=1, max_size=3).filter(lambda name: name not in {".", ".."})
paths = st.lists(names, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))


@given(st.lists(paths, unique=True))
def test_with_parents_is_closed_and_idempotent(chosen: list[str]) -> None:
    full = Payload.of(Directory(path=path) for path in chosen).with_parents()
    present = {entry.path for entry in full}
    assert all(parent in present for path in present for parent in parents(path))
    assert full.with_parents() == full
