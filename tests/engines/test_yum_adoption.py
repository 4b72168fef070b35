"""YUM repositories that createrepo_c made, continued: nothing is lost, old and new packages install."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from semver import Version

from jesses.channel.operations import unrecorded
from jesses.channel.operations.yank import yank
from jesses.publish.shared.decompress import decompress
from jesses.publish.shared.settings import RepositorySettings
from jesses.publish.yum.publisher import yum_publisher
from jesses.stores.directory import DirectoryStore
from tests.engines.engines import run
from tests.engines.rpm_packages import agent, build, signer
from tests.engines.rpm_root import RpmRoot
from tests.support.channel_site import place

NOW = 1_700_000_000
COMPS = """<?xml version="1.0" encoding="UTF-8"?>
<comps><group><id>birds</id><name>Birds</name><packagelist>
<packagereq type="mandatory">kestrel</packagereq></packagelist></group></comps>
"""


@dataclass(frozen=True, kw_only=True)
class Made:
    """How a repository was made: where its packages lie, and what createrepo_c was told."""

    place: str = "."
    options: tuple[str, ...] = ("--no-database",)
    signed: bool = True
    groups: bool = False


MADE: Mapping[str, Made] = {
    "falco": Made(),
    "database-and-groups": Made(place="old/packages", options=(), groups=True),
    "xz-unsigned": Made(options=("--no-database", "--general-compress-type=xz"), signed=False),
    "bz2-sha512": Made(place="Packages", options=("--general-compress-type=bz2", "--checksum=sha512")),
}


def make(made: Made, root: Path, rpms: list[Path]) -> None:
    (root / made.place).mkdir(parents=True, exist_ok=True)
    for rpm in rpms:
        shutil.copy(rpm, root / made.place)
    options = list(made.options)
    if made.groups:
        (root / "comps.xml").write_text(COMPS)
        options.append("--groupfile=comps.xml")
    run("createrepo_c", "--quiet", *options, root)
    repomd = root / "repodata/repomd.xml"
    if made.signed:
        repomd.with_name("repomd.xml.asc").write_bytes(signer().detach(repomd.read_bytes()))


def primary(repodata: Path) -> bytes:
    (found,) = (path for path in repodata.iterdir() if "-primary.xml" in path.name)
    return decompress(found.read_bytes(), found.name)


def elements(document: bytes) -> list[bytes]:
    return document.split(b"<package ")[1:]


@pytest.mark.parametrize("name", MADE)
def test_a_repository_of_createrepo_c_is_continued(
    rpm_root: Callable[[], RpmRoot], tmp_path: Path, http_site: Callable[[Path], str], name: str
) -> None:
    machine, made = rpm_root(), MADE[name]
    site = tmp_path / "site"
    yum = site / "yum"
    old = [
        build(agent("1.0.0"), tmp_path / "dist", key=signer()),
        build(agent("1.0.0", arch="aarch64"), tmp_path / "dist", key=signer()),
    ]
    make(made, yum, [artifact.path for artifact in old])
    before = primary(yum / "repodata")
    url = f"{http_site(site)}/yum"
    publisher = yum_publisher(
        RepositorySettings(
            store=DirectoryStore(site),
            prefix="yum",
            url=url,
            name="kestrel",
            signer=signer(),
            clock=lambda: NOW,
        )
    )
    publisher.stage(publisher.check([build(agent("2.0.0"), tmp_path / "dist", key=signer())]))
    publisher.verify()
    publisher.commit()

    # What was there before is there still, and is no news.
    again = yum_publisher(
        RepositorySettings(
            store=DirectoryStore(site),
            prefix="yum",
            url=url,
            name="kestrel",
            signer=signer(),
            clock=lambda: NOW,
        )
    )
    again.stage(again.check([replace(old[0], path=Path(shutil.copy(old[0].path, tmp_path)))]))
    again.verify()
    assert again.commit().uploaded == 0

    (snapshot,) = (yum / "snap").iterdir()
    kept = elements(before)
    kept[-1] = kept[-1].removesuffix(b"</metadata>").rstrip(b"\n") + b"\n"
    for document in (root_primary(yum), primary(snapshot / "repodata").replace(b'"../../', b'"')):
        assert elements(document)[:2] == kept
        assert len(elements(document)) == 3
    repomd = (snapshot / "repodata/repomd.xml").read_text()
    assert ('type="group"' in repomd) == made.groups
    assert "_db" not in repomd

    source = (yum / "kestrel.repo").read_text()
    machine.add_repository("kestrel", source)
    machine.dnf("install", "kestrel-1.0.0")
    if made.groups:
        assert "Birds" in machine.dnf("group", "list", "--repo=kestrel", "--available").stdout
    plain = source.replace("\nmirrorlist=", "\n#mirrorlist=").replace("\n#baseurl=", "\nbaseurl=")
    machine.add_repository("kestrel", plain)
    machine.dnf("upgrade", "kestrel")
    assert machine.rpm("-q", "kestrel").stdout == "kestrel-2.0.0-1.x86_64\n"

    where = place(DirectoryStore(site), signer=signer(), now=NOW, url=url.removesuffix("/yum"))
    unrecorded.note(where, {"kestrel": "agent"}, Version(1), None)
    yank(where, Version(1), None)
    for text in (source, plain):
        machine.add_repository("kestrel", text)
        query = ("repoquery", "--quiet", "--refresh", "--repo=kestrel", "--queryformat=%{version}")
        assert machine.dnf(*query, "kestrel").stdout.split() == ["2.0.0"]


def root_primary(yum: Path) -> bytes:
    """The list that the root names now; the one from before still lies beside it."""
    text = (yum / "repodata/repomd.xml").read_text()
    (path,) = (
        path
        for path in (yum / "repodata").iterdir()
        if f'"repodata/{path.name}"' in text and "-primary" in path.name
    )
    return decompress(path.read_bytes(), path.name)
