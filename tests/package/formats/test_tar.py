import tarfile

from hypothesis import example, given
from hypothesis import strategies as st

from jesses.base.payload import Directory, Entry, File, Symlink
from jesses.package.formats import tar

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=400, exclude_characters="/"), min_size=1)
PATHS = st.lists(NAMES, min_size=1, max_size=5).map("/".join)
OWNERS = st.one_of(
    st.just("root"), st.text("abcé", min_size=1, max_size=40), st.integers(0, 1 << 31).map(str)
)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    path, owner, group = f"/{draw(PATHS)}", draw(OWNERS), draw(OWNERS)
    mode = draw(st.integers(0, 0o7777))
    kinds: tuple[Entry, ...] = (
        File(path=path, source=b"", mode=mode, owner=owner, group=group),
        Directory(path=path, mode=mode, owner=owner, group=group),
        Symlink(path=path, target=draw(PATHS), owner=owner, group=group),
    )
    return draw(st.sampled_from(kinds))


def as_tarfile_has_it(entry: Entry, name: str, size: int, date: int, dialect: tar.Dialect) -> bytes:
    info = tarfile.TarInfo(name)
    info.mode, info.mtime, info.size = entry.mode, date, size
    info.uid, info.uname = (int(entry.owner), "") if entry.owner.isdecimal() else (0, entry.owner)
    info.gid, info.gname = (int(entry.group), "") if entry.group.isdecimal() else (0, entry.group)
    kinds = {File: tarfile.REGTYPE, Directory: tarfile.DIRTYPE, Symlink: tarfile.SYMTYPE}
    info.type = kinds[type(entry)]
    info.linkname = entry.target if isinstance(entry, Symlink) else ""
    return info.tobuf(dialect, "utf-8", "surrogateescape")


@given(
    entries(),
    st.integers(0, 1 << 40),
    st.integers(0, 1 << 34),
    st.sampled_from((tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)),
)
@example(Directory(path="/" + "d" * 99), 0, 0, tarfile.GNU_FORMAT)
@example(Directory(path="/" + "d" * 100), 0, 0, tarfile.PAX_FORMAT)
@example(File(path="/f", source=b"", owner="2097152"), 0o77777777777, 1, tarfile.GNU_FORMAT)
@example(File(path="/f", source=b""), 0o100000000000, 1, tarfile.PAX_FORMAT)
def test_headers_are_those_of_tarfile(entry: Entry, size: int, date: int, dialect: tar.Dialect) -> None:
    name = entry.path.lstrip("/")
    wanted = as_tarfile_has_it(entry, name, size, date, dialect)
    assert tar.header(entry, name=name, size=size, date=date, dialect=dialect) == wanted
