"""The plan of an image's layers, as laws."""

from hypothesis import given
from hypothesis import strategies as st

from jesses.base.payload import Directory, Entry, File, Payload, Symlink
from jesses.image.layers import MOST, plan

NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
SIZES = st.integers(0, 9)


@st.composite
def payloads(draw: st.DrawFn) -> Payload:
    files = draw(st.dictionaries(PATHS.map(lambda path: f"{path}/file"), SIZES, max_size=8))
    directories = draw(st.sets(PATHS, max_size=4))
    entries: list[Entry] = [File(path=path, source=bytes(size)) for path, size in files.items()]
    entries += [Directory(path=path, mode=0o700) for path in directories]
    return Payload.of(entries)


def size(file: File) -> int:
    return len(file.source) if isinstance(file.source, bytes) else 0


def files_of(layer: Payload) -> list[str]:
    return [file.path for file in layer.files]


@given(payloads(), st.lists(st.lists(PATHS, max_size=2), max_size=3), SIZES, st.booleans())
def test_every_entry_is_in_a_layer_and_every_file_in_one(
    payload: Payload, groups: list[list[str]], large: int, whole_paths: bool
) -> None:
    layers = plan(payload, groups=groups, large=large, size=size, whole_paths=whole_paths)
    assert sorted(path for layer in layers for path in files_of(layer)) == [
        file.path for file in payload.files
    ]
    assert set(payload) <= {entry for layer in layers for entry in layer}
    assert all(len(layer) for layer in layers)


@given(payloads(), SIZES, st.booleans())
def test_a_directory_is_the_same_in_every_layer(payload: Payload, large: int, whole_paths: bool) -> None:
    layers = plan(payload, large=large, size=size, whole_paths=whole_paths)
    found: dict[str, set[Entry]] = {}
    for layer in layers:
        for entry in layer:
            found.setdefault(entry.path, set()).add(entry)
    assert all(len(entries) == 1 for entries in found.values())
    if not whole_paths:
        assert set(found) == {entry.path for entry in payload}


@given(payloads(), SIZES)
def test_the_plan_does_not_depend_on_anything_else(payload: Payload, large: int) -> None:
    first = plan(payload, large=large, size=size, whole_paths=True)
    again = plan(Payload.of(reversed(payload.entries)), large=large, size=size, whole_paths=True)
    assert first == again


PAYLOAD = Payload.of(
    (
        File(path="/usr/bin/large", source=bytes(100), mode=0o755),
        File(path="/usr/bin/small", source=b"s", mode=0o755),
        File(path="/usr/share/rules/one", source=b"1"),
        File(path="/usr/share/rules/two", source=bytes(200)),
        Symlink(path="/usr/bin/link", target="large"),
        Directory(path="/var/lib/kestrel", mode=0o700),
    )
)


def test_groups_come_first_then_large_files_then_the_rest() -> None:
    layers = plan(PAYLOAD, groups=[["/usr/share/rules"]], large=100, size=size, whole_paths=False)
    assert [[entry.path for entry in layer] for layer in layers] == [
        ["/usr/share/rules/one", "/usr/share/rules/two"],
        ["/usr/bin/large"],
        ["/usr/bin/link", "/usr/bin/small", "/var/lib/kestrel"],
    ]


def test_a_small_change_leaves_the_other_layers() -> None:
    changed = Payload.of(
        File(path=entry.path, source=b"new", mode=0o755) if entry.path == "/usr/bin/small" else entry
        for entry in PAYLOAD
    )
    before = plan(PAYLOAD, large=100, size=size, whole_paths=True)
    after = plan(changed, large=100, size=size, whole_paths=True)
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, True, False]


def test_layers_do_not_become_too_many() -> None:
    many = Payload.of(File(path=f"/{number}", source=bytes(number)) for number in range(1, 200))
    layers = plan(many, large=1, size=size, whole_paths=True)
    assert len(layers) == MOST
    alone = {layer.files[0].path for layer in layers if len(layer) == 1}
    assert alone == {f"/{number}" for number in range(200 - (MOST - 1), 200)}
