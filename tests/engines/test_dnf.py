"""A YUM repository of this project in the hands of dnf, with every check on, and beside createrepo_c."""

import gzip
import posixpath
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest

from jesses.base.artifact import Artifact
from jesses.base.payload import STANDARD_DIRECTORIES, File, Payload
from jesses.publish.shared.settings import RepositorySettings
from jesses.publish.yum.publisher import yum_publisher
from jesses.signing import Signer, openpgp
from jesses.stores.directory import DirectoryStore
from tests.engines.engines import RPM_ROOT, require, run
from tests.engines.rpm_packages import agent, build, driver, signer
from tests.engines.rpm_root import RpmRoot

NOW = 1_700_000_000
COMMON = "{http://linux.duke.edu/metadata/common}"


@pytest.fixture
def root(rpm_root: Callable[[], RpmRoot]) -> RpmRoot:
    return rpm_root()


def publish(site: Path, url: str, *artifacts: Artifact, key: Signer | None) -> None:
    yum = yum_publisher(
        RepositorySettings(
            store=DirectoryStore(site),
            prefix="yum",
            url=f"{url}/yum",
            name="kestrel",
            signer=key,
            clock=lambda: NOW,
        )
    )
    yum.stage(yum.check(artifacts))
    yum.verify()
    yum.commit()


def repo_file(site: Path, *, plain: bool = False) -> str:
    """What users install; `plain`: as those have it who know the root alone."""
    text = (site / "yum/kestrel.repo").read_text(encoding="utf-8")
    return (
        text.replace("\nmirrorlist=", "\n#mirrorlist=").replace("\n#baseurl=", "\nbaseurl=")
        if plain
        else text
    )


def snapshot(site: Path) -> Path:
    """Where the snapshot lies that users of the mirrorlist see."""
    line = (site / "yum/mirrorlist").read_text(encoding="utf-8").splitlines()[-1]
    return site / "yum/snap" / line.rstrip("/").rpartition("/")[2]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site"
    path.mkdir()
    return path


@pytest.fixture
def agents(tmp_path: Path) -> Callable[[str], Artifact]:
    return lambda version: build(agent(version), tmp_path / "dist", key=signer())


@pytest.fixture(params=["http", "file"])
def url(request: pytest.FixtureRequest, site: Path, http_site: Callable[[Path], str]) -> str:
    return http_site(site) if request.param == "http" else site.as_uri()


@pytest.mark.parametrize("plain", [False, True], ids=["mirrorlist", "baseurl"])
def test_install_upgrade_and_remove(
    root: RpmRoot, site: Path, url: str, agents: Callable[[str], Artifact], tmp_path: Path, *, plain: bool
) -> None:
    publish(site, url, agents("1.0.0"), build(driver(), tmp_path / "dist", key=signer()), key=signer())
    root.add_repository("kestrel", repo_file(site, plain=plain))
    root.dnf("install", "coreutils", "bash", "setup", "dkms")
    before = root.files()
    root.dnf("install", "kestrel", "kestrel-dkms")
    assert root.root.run("kestrel").stdout == "kestrel\n"
    assert root.rpm("-q", "kestrel", "kestrel-dkms").stdout.split() == [
        "kestrel-1.0.0-1.x86_64",
        "kestrel-dkms-1.0.0-1.noarch",
    ]

    publish(site, url, agents("1.1.0-rc.1"), key=signer())
    publish(site, url, agents("1.1.0"), key=signer())
    root.dnf("upgrade", "--refresh")
    assert root.rpm("-q", "kestrel").stdout == "kestrel-1.1.0-1.x86_64\n"
    root.dnf("downgrade", "kestrel-1.0.0")
    assert root.rpm("-q", "kestrel").stdout == "kestrel-1.0.0-1.x86_64\n"
    root.dnf("remove", "kestrel", "kestrel-dkms")
    assert root.files() - before <= STANDARD_DIRECTORIES


def test_a_configuration_file_that_was_edited_is_kept(
    root: RpmRoot, site: Path, agents: Callable[[str], Artifact], tmp_path: Path
) -> None:
    publish(site, site.as_uri(), agents("1.0.0"), key=signer())
    root.add_repository("kestrel", repo_file(site))
    root.dnf("install", "kestrel")
    edited = root.root.write("/etc/kestrel/kestrel.conf", "interval = 9\n")
    changed = Payload.of([File(path="/etc/kestrel/kestrel.conf", source=b"interval = 2\n", config=True)])
    publish(
        site, site.as_uri(), build(agent("2.0.0", changed), tmp_path / "dist", key=signer()), key=signer()
    )
    root.dnf("upgrade", "--refresh")
    assert edited.read_text(encoding="utf-8") == "interval = 9\n"
    new = edited.with_name("kestrel.conf.rpmnew")
    assert new.read_text(encoding="utf-8") == "interval = 2\n"


def test_one_repository_serves_both_architectures(
    root: RpmRoot, site: Path, agents: Callable[[str], Artifact], tmp_path: Path
) -> None:
    other = build(agent(arch="aarch64"), tmp_path / "dist", key=signer())
    publish(site, site.as_uri(), agents("1.0.0"), other, key=signer())
    root.add_repository("kestrel", repo_file(site))
    for arch in ("x86_64", "aarch64"):
        found = root.dnf("repoquery", "--quiet", "--repo=kestrel", "--location", f"kestrel.{arch}")
        place = urlsplit(found.stdout.strip()).path
        assert posixpath.normpath(place) == f"{site}/yum/packages/kestrel-1.0.0-{arch}.rpm"


def refused(root: RpmRoot, site: Path, message: str, *, plain: bool = False) -> None:
    root.add_repository("kestrel", repo_file(site, plain=plain))
    answer = root.dnf("install", "kestrel", check=False)
    assert answer.returncode != 0
    assert message in answer.stdout + answer.stderr, answer.stdout + answer.stderr
    assert root.rpm("-q", "kestrel", check=False).returncode != 0


@pytest.mark.parametrize("plain", [False, True], ids=["mirrorlist", "baseurl"])
def test_a_changed_repomd_is_refused(
    root: RpmRoot, site: Path, agents: Callable[[str], Artifact], *, plain: bool
) -> None:
    publish(site, site.as_uri(), agents("1.0.0"), key=signer())
    repomd = (site / "yum" if plain else snapshot(site)) / "repodata/repomd.xml"
    repomd.write_bytes(repomd.read_bytes().replace(b"<revision>", b"<revision>1"))
    refused(root, site, "repomd.xml GPG signature verification error", plain=plain)


def test_a_changed_list_is_refused(root: RpmRoot, site: Path, agents: Callable[[str], Artifact]) -> None:
    publish(site, site.as_uri(), agents("1.0.0"), key=signer())
    (primary,) = (snapshot(site) / "repodata").glob("*-primary.xml.gz")
    primary.write_bytes(gzip.compress(gzip.decompress(primary.read_bytes()).replace(b"Apache", b"GPL")))
    refused(root, site, "checksum doesn't match")


def test_a_changed_package_is_refused(root: RpmRoot, site: Path, agents: Callable[[str], Artifact]) -> None:
    publish(site, site.as_uri(), agents("1.0.0"), key=signer())
    (package,) = (site / "yum/packages").iterdir()
    data = bytearray(package.read_bytes())
    data[-100] ^= 1
    package.write_bytes(data)
    refused(root, site, "checksum")


@pytest.mark.parametrize("signed", [True, False])
def test_a_package_without_a_signature_of_the_key_is_refused(
    root: RpmRoot, site: Path, tmp_path: Path, *, signed: bool
) -> None:
    other = openpgp.ephemeral("Somebody Else <else@example.org>") if signed else None
    publish(site, site.as_uri(), build(agent(), tmp_path / "dist", key=other), key=None)
    (site / "yum/kestrel.asc").write_bytes(signer().public_key)
    source = repo_file(site).replace("\ngpgcheck=0", f"\ngpgcheck=1\ngpgkey={site.as_uri()}/yum/kestrel.asc")
    (site / "yum/kestrel.repo").write_text(source, encoding="utf-8")
    refused(root, site, "GPG check FAILED")


def test_an_unsigned_repository_says_so_and_works(root: RpmRoot, site: Path, tmp_path: Path) -> None:
    publish(site, site.as_uri(), build(agent(), tmp_path / "dist"), key=None)
    root.add_repository("kestrel", repo_file(site))
    root.dnf("install", "kestrel")
    assert root.rpm("-q", "kestrel").stdout == "kestrel-1.0.0-1.x86_64\n"


def flattened(element: ET.Element) -> list[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """Every element below `element` with its text and attributes, in order."""
    return [
        (found.tag, (found.text or "").strip(), tuple(sorted(found.attrib.items())))
        for found in element.iter()
    ]


def lists(repodata: Path) -> dict[str, ET.Element]:
    root = ET.parse(repodata / "repomd.xml").getroot()  # noqa: S314 - made by this test
    found = {}
    for data in root.iter("{http://linux.duke.edu/metadata/repo}data"):
        location = data.find("{http://linux.duke.edu/metadata/repo}location")
        assert location is not None
        text = gzip.decompress((repodata.parent / location.attrib["href"]).read_bytes())
        found[data.attrib["type"]] = ET.fromstring(text)  # noqa: S314 - made by this test
    return found


def normal(package: ET.Element) -> ET.Element:
    """The package without the two things in which we differ on purpose.

    The time of the file: createrepo_c takes the disk's, we the package's own. Repeated requirements: where
    those of several scripts alternate, createrepo_c lists /bin/sh more than once.
    """
    for time in package.iter(f"{COMMON}time"):
        time.attrib.pop("file")
    for requires in package.iter("{http://linux.duke.edu/metadata/rpm}requires"):
        seen = []
        for entry in list(requires):
            if entry.attrib in seen:
                requires.remove(entry)
            seen.append(entry.attrib)
    return package


def test_the_lists_are_those_of_createrepo_c(
    site: Path, agents: Callable[[str], Artifact], tmp_path: Path
) -> None:
    require(RPM_ROOT)
    made = [
        agents("1.0.0"),
        agents("2.0.0-rc.1"),
        build(agent(arch="aarch64"), tmp_path / "dist", key=signer()),
        build(driver(), tmp_path / "dist", key=signer()),
    ]
    publish(site, site.as_uri(), *made, key=signer())
    ours = lists(site / "yum/repodata")
    shutil.copytree(site / "yum/packages", tmp_path / "peer/packages")
    run("createrepo_c", "--no-database", "--quiet", tmp_path / "peer")
    theirs = lists(tmp_path / "peer/repodata")
    for kind in ("primary", "filelists", "other"):
        pairs = {key_of(package): package for package in theirs[kind]}
        assert len(ours[kind]) == len(pairs) == len(made)
        for package in ours[kind]:
            assert flattened(normal(package)) == flattened(normal(pairs[key_of(package)]))


def key_of(package: ET.Element) -> str:
    """The digest of the package that an element of any list is about."""
    return package.get("pkgid", "") or package.findtext(f"{COMMON}checksum", "")
