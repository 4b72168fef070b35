"""Images that no engine takes are refused before anything is written."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jesses.base.errors import FormatError
from jesses.base.payload import Directory, Entry, File, Payload, Symlink
from jesses.image.model import Image, ImageConfig
from jesses.image.write import write_layout
from jesses.package.compression import Packer
from tests.support.image_example import ENTRIES, KESTREL, both


@pytest.fixture
def packer(tmp_path: Path) -> Iterator[Packer]:
    with Packer(tmp_path / "spool", threads=2) as packer:
        yield packer


REFUSED = {
    "an upper-case name": (replace(KESTREL, name="Kestrel"), "is no image name"),
    "a name with +": (replace(KESTREL, name="kestrel+"), "is no image name"),
    "an empty path component": (replace(KESTREL, name="ghcr.io//kestrel"), "is no image name"),
    "no machine's architecture": (replace(KESTREL, arch="noarch"), "not for noarch"),
}
REFUSED_CONFIG: dict[str, tuple[dict[str, Any], str]] = {
    "a user by name": ({"user": "kestrel"}, "user 'kestrel' is not <uid>"),
    "root by name": ({"user": "root"}, "user 'root' is not <uid>"),
    "a user that engines refuse": ({"user": "2147483648"}, "user '2147483648' is not"),
    "a port by name": ({"exposed_ports": ("http",)}, "exposed port 'http' is not like"),
    "a port of another protocol": ({"exposed_ports": ("80/http",)}, "exposed port '80/http' is not like"),
    "a relative volume": ({"volumes": ("data",)}, "'data' is not an absolute path"),
    "a working directory with ..": ({"working_dir": "/a/../b"}, "'/a/../b' is not an absolute path"),
    "a variable with =": ({"env": {"A=B": "c"}}, "'A=B' is no name"),
    "a program that is missing": (
        {"entrypoint": ("/usr/bin/kestral",)},
        "run /usr/bin/kestral, which is not in it",
    ),
    "a program that is a directory": ({"entrypoint": ("/var/lib/kestrel",)}, "which is not in it"),
    "a program without x": (
        {"entrypoint": (), "cmd": ("/var/lib/kestrel/state",)},
        "which is not executable",
    ),
}
REFUSED_ENTRIES: dict[str, tuple[Entry, str]] = {
    "an owner by name": (File(path="/x", source=b"", owner="kestrel"), "/x belongs to 'kestrel'"),
    "a group by name": (Directory(path="/x", group="adm"), "/x belongs to 'adm'"),
    "owner and group in one": (Directory(path="/x", owner="1:1"), "/x belongs to '1:1'"),
    "a whiteout": (File(path="/etc/.wh.passwd", source=b""), "names that begin with '.wh.' delete files"),
}


@pytest.mark.parametrize(
    ("image", "message"),
    [
        *REFUSED.values(),
        *(
            (replace(KESTREL, config=replace(KESTREL.config, **values)), message)
            for values, message in REFUSED_CONFIG.values()
        ),
        *(
            (replace(KESTREL, payload=Payload.of((*ENTRIES, entry))), message)
            for entry, message in REFUSED_ENTRIES.values()
        ),
    ],
    ids=[*REFUSED, *REFUSED_CONFIG, *REFUSED_ENTRIES],
)
def test_what_no_engine_takes_is_refused(image: Image, message: str, packer: Packer, tmp_path: Path) -> None:
    with pytest.raises(FormatError) as refusal:
        write_layout([image], tmp_path / "layout", packer)
    assert message in refusal.value.what
    assert refusal.value.what.count("\n") == 1
    assert refusal.value.fix
    assert not (tmp_path / "layout").exists()


def test_every_problem_is_named_at_once_and_once(packer: Packer, tmp_path: Path) -> None:
    image = replace(KESTREL, name="Kestrel", config=ImageConfig(user="kestrel", working_dir="here"))
    with pytest.raises(FormatError) as refusal:
        write_layout(both(image), tmp_path / "layout", packer)
    assert refusal.value.what.count("\n") == 3


def test_an_architecture_comes_once_and_the_images_are_one(packer: Packer, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="given twice"):
        write_layout([KESTREL, KESTREL], tmp_path / "layout", packer)
    with pytest.raises(FormatError, match="one name, version and date"):
        write_layout([KESTREL, replace(KESTREL, arch="aarch64", date=1)], tmp_path / "layout", packer)


@pytest.mark.parametrize("program", ["/kestrel", "kestrel", "/bin/kestrel"])
def test_a_program_may_be_found_through_a_link_or_the_path(
    program: str, packer: Packer, tmp_path: Path
) -> None:
    payload = Payload.of((*ENTRIES, Symlink(path="/bin", target="usr/bin")))
    image = replace(KESTREL, payload=payload, config=ImageConfig(entrypoint=(program,)))
    assert write_layout([image], tmp_path / "layout", packer).images
