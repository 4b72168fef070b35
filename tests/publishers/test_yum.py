import gzip
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pysequoia import Profile, Tsk
from semver import Version

from release.arch import Arch
from release.artifact import Artifact
from release.compression import Packer
from release.errors import ConflictError, FormatError, RepositoryError, SigningError, StoreError
from release.formats import rpm
from release.package import Package
from release.payload import File, Payload
from release.publishers import Publication
from release.publishers.retry import TRIES
from release.publishers.yum import YumPublisher
from release.signing import Signer
from release.signing.openpgp import OpenPgpSigner
from release.signing.verification import verify_detached
from release.stores.directory import DirectoryStore
from tests.stores import memory
from tests.stores.memory import Call, Crash, MemoryStore, crash_at, once

NOW = 1_700_000_000
URL = "https://example.org/yum"
REPOMD = "yum/repodata/repomd.xml"
SIGNATURE = f"{REPOMD}.asc"
REPO = "{http://linux.duke.edu/metadata/repo}"
COMMON = "{http://linux.duke.edu/metadata/common}"


def new_key() -> OpenPgpSigner:
    return OpenPgpSigner(Tsk.generate(user_id="Tests <tests@example.org>", profile=Profile.RFC4880))


SIGNER = new_key()

Make = Callable[..., Artifact]
Nevra = tuple[str, str, str]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Makes RPM files: the same package again is the same artifact with another signature."""
    directory = tmp_path_factory.mktemp("packages")
    numbers = iter(range(1_000_000))

    def new(
        name: str = "kestrel",
        version: str = "1.0.0",
        arch: Arch = "x86_64",
        content: bytes = b"",
        signer: Signer | None = SIGNER,
    ) -> Artifact:
        parsed = Version.parse(version)
        package = Package(
            name=name,
            version=parsed,
            arch=arch,
            date=NOW,
            summary="for a test",
            description="d",
            license="MIT",
            homepage="",
            maintainer="Tests <tests@example.org>",
            vendor="",
            payload=Payload.of([File(path=f"/opt/{name}", source=content)]),
        )
        folder = directory / str(next(numbers))
        folder.mkdir()
        path = folder / f"{name}-{version}-{arch}.rpm"
        with path.open("wb") as out:
            rpm.write(package, out, packer)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        signed = rpm.sign(path, signer) if signer else None
        return Artifact(
            path=path,
            kind="rpm",
            component="userspace",
            name=name,
            version=parsed,
            arch=arch,
            size=path.stat().st_size,
            sha256=digest,
            signed_sha256=signed,
        )

    with Packer(directory / "spool", threads=1) as packer:
        yield new


def nothing(attempt: int) -> None:
    """Wait no time at all."""


def publisher(
    store: MemoryStore,
    *,
    signer: Signer | None = SIGNER,
    now: float = NOW,
    wait: Callable[[int], None] = nothing,
) -> YumPublisher:
    return YumPublisher(
        store=store, prefix="yum", url=URL, name="kestrel", signer=signer, clock=lambda: now, wait=wait
    )


def publish(
    store: MemoryStore, *artifacts: Artifact, signer: Signer | None = SIGNER, now: float = NOW
) -> Publication:
    yum = publisher(store, signer=signer, now=now)
    yum.stage(artifacts)
    yum.verify()
    return yum.commit()


def renamed(artifact: Artifact, name: str) -> Artifact:
    return replace(artifact, path=artifact.path.rename(artifact.path.with_name(name)))


def kept(make: Make) -> tuple[Artifact, Artifact]:
    return make(), make(arch="aarch64")


def parsed(text: bytes) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - made by the code under test


# What a client sees. It checks all that dnf checks, and fails where dnf would.


def lists(store: MemoryStore) -> dict[str, bytes]:
    """The plain lists that the pointer names, by kind."""
    if REPOMD not in store.objects:
        return {}
    found = {}
    for data in parsed(store.objects[REPOMD]).iter(f"{REPO}data"):
        location = data.find(f"{REPO}location")
        assert location is not None
        packed = store.objects["yum/" + location.attrib["href"]]
        plain = gzip.decompress(packed)
        assert data.findtext(f"{REPO}checksum") == hashlib.sha256(packed).hexdigest()
        assert data.findtext(f"{REPO}open-checksum") == hashlib.sha256(plain).hexdigest()
        assert (data.findtext(f"{REPO}size"), data.findtext(f"{REPO}open-size")) == (
            str(len(packed)),
            str(len(plain)),
        )
        found[data.attrib["type"]] = plain
    assert set(found) == {"primary", "filelists", "other"}
    return found


def client(store: MemoryStore) -> set[Nevra]:
    """The packages that the lists name; each lies there with its digest."""
    found = lists(store)
    roots = {kind: parsed(text) for kind, text in found.items()}
    packages = list(roots["primary"]) if found else []
    seen = set()
    digests = []
    for package in packages:
        location, version = package.find(f"{COMMON}location"), package.find(f"{COMMON}version")
        assert location is not None
        assert version is not None
        data = store.objects["yum/" + location.attrib["href"]]
        digests.append(hashlib.sha256(data).hexdigest())
        assert package.findtext(f"{COMMON}checksum") == digests[-1]
        name, arch = package.findtext(f"{COMMON}name", ""), package.findtext(f"{COMMON}arch", "")
        seen.add((name, version.attrib["ver"], arch))
    assert len(seen) == len(packages)
    for root in roots.values():
        assert root.attrib["packages"] == str(len(packages))
    for kind in ("filelists", "other"):
        assert [package.attrib["pkgid"] for package in roots.get(kind, [])] == digests
    return seen


def signature_fits(store: MemoryStore) -> bool:
    """Whether a client with repo_gpgcheck=1 accepts the pointer."""
    if REPOMD not in store.objects:
        return True
    try:
        verify_detached(
            store.objects[REPOMD], store.objects.get(SIGNATURE, b""), public_key=SIGNER.public_key
        )
    except SigningError:
        return False
    return True


def revision(store: MemoryStore) -> int:
    return int(parsed(store.objects[REPOMD]).findtext(f"{REPO}revision", ""))


def test_every_architecture_becomes_visible_in_one_repository(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(), make(arch="aarch64"), make("kestrel-dkms", arch="noarch"))
    assert client(store) == {
        ("kestrel", "1.0.0", "x86_64"),
        ("kestrel", "1.0.0", "aarch64"),
        ("kestrel-dkms", "1.0.0", "noarch"),
    }
    assert signature_fits(store)


def test_what_lies_where(make: Make) -> None:
    store = MemoryStore()
    artifact = make()
    publication = publish(store, artifact)
    named = {key for key in store.objects if "-" not in key}
    assert named == {REPOMD, SIGNATURE, "yum/kestrel.asc", "yum/kestrel.repo"}
    assert store.objects["yum/packages/kestrel-1.0.0-x86_64.rpm"] == artifact.path.read_bytes()
    assert store.objects["yum/kestrel.asc"] == SIGNER.public_key
    assert publication.uploaded == len(store.objects)
    assert publication.present == 0


def test_users_get_a_repository_that_checks_everything(make: Make) -> None:
    store = MemoryStore()
    publication = publish(
        store, make(), make("kestrel-dkms", arch="noarch"), make("kestrel", "1.0.0", "aarch64")
    )
    assert store.objects["yum/kestrel.repo"].decode() == (
        "[kestrel]\nname=kestrel\nbaseurl=https://example.org/yum/\nenabled=1\ngpgcheck=1\n"
        "repo_gpgcheck=1\ngpgkey=https://example.org/yum/kestrel.asc\n"
    )
    assert publication.instructions == (
        "sudo curl -fsSL -o /etc/yum.repos.d/kestrel.repo https://example.org/yum/kestrel.repo",
        "sudo dnf install kestrel kestrel-dkms",
    )
    assert (publication.publisher, publication.location) == ("yum", URL)


def test_an_unsigned_run_says_so_in_the_repo_file(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(signer=None), signer=None)
    text = store.objects["yum/kestrel.repo"].decode()
    assert "gpgcheck=0\nrepo_gpgcheck=0\n" in text
    assert "gpgkey" not in text
    assert not [key for key in store.objects if key.endswith(".asc")]
    assert client(store) == {("kestrel", "1.0.0", "x86_64")}


def test_other_kinds_are_left_to_other_publishers(make: Make) -> None:
    store = MemoryStore()
    publication = publish(store, replace(make(), kind="deb"))
    assert store.calls == []
    assert (publication.uploaded, publication.instructions) == (0, ())


def test_the_next_release_keeps_every_byte_of_the_one_before(make: Make) -> None:
    store = MemoryStore()
    publish(store, *kept(make))
    before, objects = lists(store), dict(store.objects)
    publish(store, make(version="1.1.0"))
    for kind, text in lists(store).items():
        start, end = (before[kind].index(b"<package "), before[kind].rindex(b"</"))
        assert before[kind][start:end] in text
    assert client(store) == {
        ("kestrel", "1.0.0", "x86_64"),
        ("kestrel", "1.0.0", "aarch64"),
        ("kestrel", "1.1.0", "x86_64"),
    }
    changed = {key for key in objects if store.objects[key] != objects[key]}
    assert changed == {REPOMD, SIGNATURE}


def test_publishing_again_writes_nothing(make: Make) -> None:
    store = MemoryStore()
    artifacts = kept(make)
    publish(store, *artifacts)
    store.reset()
    publication = publish(store, *artifacts, now=NOW + 100)
    assert [call for call in store.calls if call.writes] == []
    assert (publication.uploaded, publication.present) == (0, 4)


def test_the_same_package_with_another_signature_is_the_one_that_is_there(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    objects = dict(store.objects)
    publication = publish(store, make(), now=NOW + 100)
    assert store.objects == objects
    assert publication.uploaded == 0


def test_a_package_that_was_uploaded_but_not_listed_is_listed_as_it_is(make: Make) -> None:
    first, again = make(), make()
    store = MemoryStore({"yum/packages/kestrel-1.0.0-x86_64.rpm": first.path.read_bytes()})
    publish(store, again)
    assert first.signed_sha256 != again.signed_sha256
    assert client(store) == {("kestrel", "1.0.0", "x86_64")}
    assert store.objects["yum/packages/kestrel-1.0.0-x86_64.rpm"] == first.path.read_bytes()


@pytest.mark.parametrize("signed", [True, False])
def test_other_bytes_under_a_published_name_are_refused_before_anything_changes(
    make: Make, *, signed: bool
) -> None:
    signer = SIGNER if signed else None
    store = MemoryStore()
    publish(store, make(signer=signer), signer=signer)
    objects = dict(store.objects)
    new, other = make("kestrel-dkms", arch="noarch", signer=signer), make(content=b"x", signer=signer)
    with pytest.raises(ConflictError, match=r"kestrel-1\.0\.0-x86_64\.rpm is already published"):
        publish(store, new, other, signer=signer)
    assert store.objects == objects


def test_damage_under_a_published_name_is_no_package_of_ours(make: Make) -> None:
    store = MemoryStore({"yum/packages/kestrel-1.0.0-x86_64.rpm": b"damage"})
    with pytest.raises(ConflictError):
        publish(store, make())


def test_another_file_for_a_listed_package_is_refused_before_anything_changes(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    objects = dict(store.objects)
    other = renamed(make(content=b"x"), "other.rpm")
    with pytest.raises(ConflictError, match=r"already lists another file as kestrel-1\.0\.0-1\.x86_64"):
        publish(store, make(version="2.0.0"), other)
    assert store.objects == objects


def test_what_is_no_rpm_is_refused(make: Make) -> None:
    store = MemoryStore()
    artifact = make()
    artifact.path.write_bytes(b"no package")
    with pytest.raises(FormatError):
        publish(store, artifact)
    assert store.objects == {}


def test_a_name_that_stores_and_clients_read_differently_is_refused(make: Make) -> None:
    with pytest.raises(RepositoryError, match=r"a\+b\.rpm cannot be published"):
        publish(MemoryStore(), renamed(make(), "a+b.rpm"))


def test_an_unsigned_package_has_no_place_in_a_signed_repository(make: Make) -> None:
    with pytest.raises(RepositoryError, match="is not signed"):
        publish(MemoryStore(), make(signer=None))


def test_a_package_published_unsigned_is_not_listed_in_a_signed_repository(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(signer=None), signer=None)
    with pytest.raises(RepositoryError, match="is not signed"):
        publish(store, make())


def test_an_unsigned_repository_is_signed_when_something_is_added(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(), signer=None)
    publish(store, make(), now=NOW + 1)
    assert signature_fits(store)
    assert client(store) == {("kestrel", "1.0.0", "x86_64")}
    assert b"gpgcheck=1" in store.objects["yum/kestrel.repo"]


def test_a_signed_repository_is_not_continued_without_a_key(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    objects = dict(store.objects)
    with pytest.raises(RepositoryError, match="is signed, and this run has no key"):
        publish(store, make(version="2.0.0"), signer=None)
    assert store.objects == objects


def test_a_repository_of_another_key_is_not_continued(make: Make) -> None:
    store = MemoryStore()
    other = new_key()
    publish(store, make(signer=other), signer=other)
    objects = dict(store.objects)
    with pytest.raises(RepositoryError, match="has no valid signature"):
        publish(store, make(version="2.0.0"))
    assert store.objects == objects


def test_a_pointer_that_nobody_signed_is_not_continued(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    store.objects[REPOMD] = store.objects[REPOMD].replace(b"<revision>", b"<revision>9")
    with pytest.raises(RepositoryError, match="has no valid signature"):
        publish(store, make(version="2.0.0"))


def test_the_revision_grows_where_the_clock_does_not(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(), now=NOW + 0.9)
    assert revision(store) == NOW
    publish(store, make(version="1.1.0"), now=NOW - 1000)
    assert revision(store) == NOW + 1
    stamps = {data.findtext(f"{REPO}timestamp") for data in parsed(store.objects[REPOMD]).iter(f"{REPO}data")}
    assert stamps == {str(NOW + 1)}


def test_what_was_changed_on_its_way_is_found_before_the_commit(make: Make) -> None:
    store = MemoryStore()
    yum = publisher(store)
    yum.stage([make()])
    store.objects["yum/packages/kestrel-1.0.0-x86_64.rpm"] += b"x"
    with pytest.raises(StoreError, match=r"rpm is not what was uploaded"):
        yum.verify()
    assert REPOMD not in store.objects


def test_nothing_is_visible_before_the_commit(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    before, pointer = client(store), store.objects[REPOMD]
    yum = publisher(store)
    yum.stage([make(version="2.0.0")])
    yum.verify()
    assert (client(store), store.objects[REPOMD]) == (before, pointer)
    yum.commit()
    assert client(store) != before


def calls_of_one_publish(start: dict[str, bytes], artifact: Artifact) -> int:
    store = MemoryStore(start)
    publish(store, artifact, now=NOW + 5)
    return len(store.calls)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("existing", [False, True])
def test_a_crash_at_any_call_leaves_old_or_new_and_a_rerun_finishes(
    make: Make, *, when: str, existing: bool
) -> None:
    empty = MemoryStore()
    if existing:
        publish(empty, *kept(make))
    start, old = dict(empty.objects), client(empty)
    added = make(version="2.0.0")
    new = old | {("kestrel", "2.0.0", "x86_64")}
    gaps = 0
    count = calls_of_one_publish(start, added)
    for number in range(1, count + 1):
        store = MemoryStore(start)
        setattr(store, when, crash_at(number))
        with pytest.raises(Crash):
            publish(store, added, now=NOW + 5)
        store.reset()
        assert client(store) in (old, new)
        gaps += not signature_fits(store)
        publish(store, make(version="2.0.0"), now=NOW + 9)
        assert client(store) == new
        assert signature_fits(store)
    # Between the pointer and its signature: the one window that this layout has.
    assert 0 < gaps <= 4
    assert count <= 25


def test_a_rerun_after_a_crash_between_pointer_and_signature_signs_nothing_anew(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    store.before = once("put_if_unchanged", SIGNATURE, crash)
    with pytest.raises(Crash):
        publish(store, make(version="2.0.0"))
    store.reset()
    pointer = store.objects[REPOMD]
    assert not signature_fits(store)
    publish(store, make(version="2.0.0"))
    assert signature_fits(store)
    assert store.objects[REPOMD] == pointer
    assert [call.key for call in store.calls if call.writes] == [SIGNATURE]


def crash() -> None:
    raise Crash


@pytest.mark.parametrize("existing", [False, True])
def test_two_writers_at_once_lose_nothing_wherever_they_meet(make: Make, *, existing: bool) -> None:
    empty = MemoryStore()
    if existing:
        publish(empty, *kept(make))
    start = dict(empty.objects)
    ours, theirs = make(version="2.0.0"), make("kestrel-dkms", "3.0.0", "noarch")
    expected = client(empty) | {("kestrel", "2.0.0", "x86_64"), ("kestrel-dkms", "3.0.0", "noarch")}
    for number in range(1, calls_of_one_publish(start, ours) + 1):
        store = MemoryStore(start)
        store.before = at_call(number, partial(publish, store, theirs, now=NOW + 5))
        publish(store, ours, now=NOW + 5)
        assert client(store) == expected
        assert signature_fits(store)


def test_two_jobs_of_the_same_release_meet_and_agree(make: Make) -> None:
    first, second = make(), make()
    for number in range(1, calls_of_one_publish({}, first) + 1):
        store = MemoryStore()
        store.before = at_call(number, partial(publish, store, second, now=NOW + 7))
        publish(store, first, now=NOW + 5)
        assert client(store) == {("kestrel", "1.0.0", "x86_64")}
        assert signature_fits(store)


def at_call(number: int, action: Callable[[], object]) -> Callable[[Call], None]:
    """Run `action` before call `number`, and nothing within it."""
    pending = [action]

    def hook(call: Call) -> None:
        if call.number == number and pending:
            pending.pop()()

    return hook


def test_a_lost_race_waits_longer_each_time_and_ends(make: Make) -> None:
    store = MemoryStore()
    waits: list[int] = []
    versions = (f"9.{number}.0" for number in range(1000))

    def rival(call: Call) -> None:
        if (call.operation, call.key) == ("put_if_unchanged", REPOMD):
            store.before = memory.nothing
            publish(store, make(version=next(versions)))
            store.before = rival

    yum = publisher(store, wait=waits.append)
    yum.stage([make()])
    store.before = rival
    with pytest.raises(StoreError, match="keeps changing"):
        yum.commit()
    assert waits == list(range(TRIES))
    store.reset()
    publish(store, make())
    assert len(client(store)) == TRIES + 1
    assert signature_fits(store)


def test_a_conflict_that_comes_between_is_found_at_the_commit(make: Make) -> None:
    store = MemoryStore()
    yum = publisher(store)
    yum.stage([make()])
    publish(store, renamed(make(content=b"x"), "other.rpm"))
    with pytest.raises(ConflictError):
        yum.commit()
    assert client(store) == {("kestrel", "1.0.0", "x86_64")}
    assert signature_fits(store)


def test_a_directory_store_holds_the_same(make: Make, tmp_path: Path) -> None:
    artifact = make()
    yum = YumPublisher(
        store=DirectoryStore(tmp_path),
        prefix="yum",
        url=URL,
        name="kestrel",
        signer=SIGNER,
        clock=lambda: NOW,
    )
    yum.stage([artifact])
    yum.verify()
    yum.commit()
    files = (path for path in (tmp_path / "yum").rglob("*") if path.is_file())
    store = MemoryStore({path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in files})
    assert client(store) == {("kestrel", "1.0.0", "x86_64")}
    assert signature_fits(store)
