import gzip
import os
from pathlib import Path
from typing import Any

import pytest

from jesses.base.errors import PayloadError
from jesses.base.payload import Directory, Entry, File, Ghost, Symlink
from jesses.config import Contents
from jesses.package.contents import resolve


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, mode in {"bin/tool": 0o700, "share/a.txt": 0o600, "share/sub/b.txt": 0o664}.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        path.chmod(mode)
    (tmp_path / "tree" / "share" / "link").symlink_to("sub/b.txt")
    (tmp_path / "tree" / "share" / "empty").mkdir(mode=0o700)
    return tmp_path / "tree"


def entries(tree: Path, **wanted: Any) -> list[Entry]:  # noqa: ANN401 -- the fields of Contents
    return list(resolve([Contents(**wanted)], sources=tree, staged=tree, version="1.0.0-2+ab"))


def test_modes_follow_the_owners_execute_bit_and_nothing_else(tree: Path) -> None:
    assert entries(tree, path="/usr/bin/tool", staged="bin/tool") == [
        File(path="/usr/bin/tool", source=str(tree / "bin/tool"), mode=0o755)
    ]
    assert entries(tree, path="/a", source="share/a.txt")[0].mode == 0o644
    assert entries(tree, path="/a", source="share/a.txt", mode="0640")[0].mode == 0o640


def test_a_tree_brings_files_links_and_directories_and_the_version_fills_the_path(tree: Path) -> None:
    assert entries(tree, path="/usr/src/k-{version}", staged="share") == [
        Directory(path="/usr/src/k-1.0.0-2+ab"),
        File(path="/usr/src/k-1.0.0-2+ab/a.txt", source=str(tree / "share/a.txt")),
        Directory(path="/usr/src/k-1.0.0-2+ab/empty"),
        Symlink(path="/usr/src/k-1.0.0-2+ab/link", target="sub/b.txt"),
        Directory(path="/usr/src/k-1.0.0-2+ab/sub"),
        File(path="/usr/src/k-1.0.0-2+ab/sub/b.txt", source=str(tree / "share/sub/b.txt")),
    ]


def test_a_tree_claims_no_directory_that_the_system_owns(tree: Path) -> None:
    paths = [entry.path for entry in entries(tree, path="/usr", staged=".")]
    assert "/usr" not in paths
    assert "/usr/bin" not in paths
    assert "/usr/share" not in paths
    assert "/usr/share/sub" in paths


def test_links_and_empty_directories_are_made_from_nothing(tree: Path) -> None:
    assert entries(tree, path="/l", link="target", owner="k") == [
        Symlink(path="/l", target="target", owner="k")
    ]
    assert entries(tree, path="/var/lib/k", directory=True, mode="0750", group="adm") == [
        Directory(path="/var/lib/k", mode=0o750, group="adm")
    ]


def test_a_compressed_entry_says_nothing_of_when_it_was_made(tree: Path) -> None:
    first, second = (entries(tree, path="/a.gz", source="share/a.txt", gzip=True)[0] for _ in range(2))
    assert isinstance(first, File)
    assert isinstance(first.source, bytes)
    assert gzip.decompress(first.source) == b"share/a.txt"
    assert first == second
    assert first.source[4:8] == b"\0\0\0\0"


def test_what_is_missing_or_special_is_named(tree: Path) -> None:
    with pytest.raises(PayloadError, match="/a: the build staged no nothing"):
        entries(tree, path="/a", staged="nothing")
    with pytest.raises(PayloadError, match="/a: the repository has no nothing"):
        entries(tree, path="/a", source="nothing")
    os.mkfifo(tree / "share" / "pipe")
    with pytest.raises(PayloadError, match="pipe is neither a file, a directory nor a link"):
        entries(tree, path="/s", staged="share")


def test_a_pattern_brings_the_files_that_match_in_one_order(tree: Path) -> None:
    (tree / "share" / "c.txt").write_text("c")
    found = entries(tree, path="/usr/share/k", source="share/*.txt", config=True)
    assert [entry.path for entry in found] == ["/usr/share/k/a.txt", "/usr/share/k/c.txt"]
    assert all(isinstance(entry, File) and entry.config for entry in found)


def test_a_pattern_for_every_depth_keeps_the_tree_below_its_fixed_part(tree: Path) -> None:
    found = entries(tree, path="/k", staged="share/**/*.txt")
    assert [entry.path for entry in found] == ["/k/a.txt", "/k/sub/b.txt"]
    assert [entry.path for entry in entries(tree, path="/k", staged="*/l?nk")] == ["/k/share/link"]


def test_a_pattern_that_nothing_matches_is_an_error(tree: Path) -> None:
    with pytest.raises(PayloadError, match=r"/k: the repository has no share/\*\.lua"):
        entries(tree, path="/k", source="share/*.lua")
    with pytest.raises(PayloadError, match=r"the build staged no em\*"):
        entries(tree, path="/k", staged="em*")


def test_a_ghost_is_owned_and_not_brought(tree: Path) -> None:
    assert entries(tree, path="/var/lib/k/state", ghost=True, mode="0600", owner="k") == [
        Ghost(path="/var/lib/k/state", mode=0o600, owner="k")
    ]


def test_a_link_is_packed_with_its_text_and_never_followed(tree: Path) -> None:
    for name, target in {"conf": "/etc/apt", "unit": "/dev/null", "gone": "nowhere", "dir": "share"}.items():
        (tree / name).symlink_to(target)
        wanted = [Symlink(path="/l", target=target)]
        assert entries(tree, path="/l", staged=name) == wanted
        assert entries(tree, path="/l", source=name) == wanted
    (link,) = (entry for entry in entries(tree, path="/k", staged="*") if entry.path == "/k/conf")
    assert link == Symlink(path="/k/conf", target="/etc/apt")


@pytest.mark.parametrize("name", ["lnk/passwd", "lnk/pass*", "lnk/**/p*", "l*/passwd", "sub/lnk/passwd"])
def test_nothing_is_read_through_a_link_that_leads_out(tree: Path, name: str) -> None:
    outside = tree.parent / "outside"
    outside.mkdir()
    (outside / "passwd").write_text("secret")
    (tree / "lnk").symlink_to(outside)
    (tree / "sub").mkdir()
    (tree / "sub" / "lnk").symlink_to("../../outside")
    with pytest.raises(PayloadError, match=r"through the link (sub/)?lnk -> ") as caught:
        entries(tree, path="/a", source=name)
    assert caught.value.fix


def test_a_link_to_a_directory_of_the_tree_is_followed_on_the_way(tree: Path) -> None:
    (tree / "lnk").symlink_to("share")
    assert entries(tree, path="/a", source="lnk/a.txt")[0].path == "/a"
    assert [entry.path for entry in entries(tree, path="/k", staged="l*/*.txt")] == ["/k/lnk/a.txt"]
    assert entries(tree, path="/k", staged="**/b.txt") != []
