import gzip
import hashlib
import lzma
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pysequoia import Profile, Tsk
from semver import Version

from release import spelling
from release.arch import Arch
from release.artifact import Artifact
from release.compression import Packer
from release.errors import ConflictError, FormatError, RepositoryError, StoreError
from release.formats import deb
from release.package import Package
from release.payload import File, Payload
from release.publishers import Publication
from release.publishers.apt import AptPublisher
from release.publishers.apt_metadata import Release, stanzas
from release.signing import Signer
from release.signing.openpgp import OpenPgpSigner
from release.signing.verification import verified_text, verify_detached
from tests.stores.memory import Call, Crash, MemoryStore, crash_at, nothing, once

NOW = 1_700_000_000
SUITE = "apt/dists/stable"
IN_RELEASE = f"{SUITE}/InRelease"
URL = "https://example.org/apt"


def new_key() -> OpenPgpSigner:
    return OpenPgpSigner(Tsk.generate(user_id="Tests <tests@example.org>", profile=Profile.RFC4880))


SIGNER = new_key()

Make = Callable[..., Artifact]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    directory = tmp_path_factory.mktemp("packages")

    def new(
        name: str = "kestrel", version: str = "1.0.0", arch: Arch = "x86_64", content: bytes = b""
    ) -> Artifact:
        parsed = Version.parse(version)
        package = Package(
            name=name,
            version=parsed,
            arch=arch,
            date=NOW,
            summary="for a test",
            description="",
            license="MIT",
            homepage="",
            maintainer="Tests <tests@example.org>",
            vendor="",
            payload=Payload.of(
                (
                    File(path=f"/usr/share/doc/{name}/copyright", source=b"MIT"),
                    File(path=f"/opt/{name}", source=content),
                )
            ),
        )
        folder = directory / hashlib.sha256(content).hexdigest()[:8]
        folder.mkdir(exist_ok=True)
        path = folder / f"{name}-{spelling.file_name(parsed)}-{arch}.deb"
        with path.open("wb") as out:
            deb.write(package, out, packer)
        data = path.read_bytes()
        return Artifact(
            path=path,
            kind="deb",
            component="userspace",
            name=name,
            version=parsed,
            arch=arch,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )

    with Packer(directory / "spool", threads=1) as packer:
        yield new


def publisher(
    store: MemoryStore,
    *,
    signer: Signer | None = SIGNER,
    now: float = NOW,
    wait: Callable[[int], object] = int,
) -> AptPublisher:
    return AptPublisher(
        store=store, prefix="apt", url=URL, name="kestrel", signer=signer, clock=lambda: now, wait=wait
    )


def publish(
    store: MemoryStore, *artifacts: Artifact, signer: Signer | None = SIGNER, now: float = NOW
) -> Publication:
    apt = publisher(store, signer=signer, now=now)
    apt.stage(artifacts)
    apt.verify()
    return apt.commit()


# What a client sees. Each reader checks all that apt checks, and fails where apt would.


def release_of(store: MemoryStore) -> Release:
    return Release.parse(verified_text(store.objects[IN_RELEASE], public_key=SIGNER.public_key))


def by_hash_client(store: MemoryStore) -> dict[str, set[tuple[str, str, str]]]:
    """The packages of each architecture, read as apt does: InRelease, then what it names by digest."""
    if IN_RELEASE not in store.objects:
        return {}
    release = release_of(store)
    return {arch: _packages(store, release, arch, by_hash=True) for arch in release.architectures}


def plain_client(store: MemoryStore) -> dict[str, set[tuple[str, str, str]]]:
    """The same for a client that knows neither InRelease nor by-hash."""
    text = store.objects[f"{SUITE}/Release"]
    verify_detached(text, store.objects[f"{SUITE}/Release.gpg"], public_key=SIGNER.public_key)
    release = Release.parse(text)
    return {arch: _packages(store, release, arch, by_hash=False) for arch in release.architectures}


def _packages(store: MemoryStore, release: Release, arch: str, *, by_hash: bool) -> set[tuple[str, str, str]]:
    directory = f"main/binary-{arch}"
    texts = set()
    for suffix, unpack in ((".gz", gzip.decompress), (".xz", lzma.decompress)):
        digest = release.files[f"{directory}/Packages{suffix}"]
        name = f"by-hash/SHA256/{digest.sha256}" if by_hash else f"Packages{suffix}"
        data = store.objects[f"{SUITE}/{directory}/{name}"]
        assert (len(data), hashlib.sha256(data).hexdigest()) == (digest.size, digest.sha256)
        texts.add(unpack(data))
    (text,) = texts
    assert release.files[f"{directory}/Packages"].sha256 == hashlib.sha256(text).hexdigest()
    listed = list(stanzas(text))
    for stanza in listed:
        fields = dict(line.split(": ", 1) for line in stanza.text.decode().splitlines() if line[0] != " ")
        data = store.objects[f"apt/{fields['Filename']}"]
        assert (len(data), hashlib.sha256(data).hexdigest()) == (int(fields["Size"]), fields["SHA256"])
    identities = {stanza.identity for stanza in listed}
    assert len(identities) == len(listed)
    return identities


def test_both_architectures_become_visible_and_all_stands_in_each(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(), make(arch="aarch64"), make("kestrel-dkms", arch="noarch"))
    dkms = ("kestrel-dkms", "1.0.0", "all")
    assert by_hash_client(store) == {
        "amd64": {("kestrel", "1.0.0", "amd64"), dkms},
        "arm64": {("kestrel", "1.0.0", "arm64"), dkms},
    }
    assert plain_client(store) == by_hash_client(store)


def test_what_lies_where(make: Make) -> None:
    store = MemoryStore()
    artifact = make()
    publication = publish(store, artifact)
    assert sorted(key for key in store.objects if "by-hash" not in key) == [
        *(f"{SUITE}/{name}" for name in ("InRelease", "Release", "Release.gpg")),
        *(
            f"{SUITE}/main/binary-{arch}/Packages.{end}"
            for arch in ("amd64", "arm64")
            for end in ("gz", "xz")
        ),
        "apt/kestrel.asc",
        "apt/kestrel.sources",
        "apt/pool/main/kestrel/kestrel-1.0.0-x86_64.deb",
    ]
    assert store.objects["apt/pool/main/kestrel/kestrel-1.0.0-x86_64.deb"] == artifact.path.read_bytes()
    assert store.objects["apt/kestrel.asc"] == SIGNER.public_key
    assert publication.uploaded == len(store.objects)
    assert publication.present == 0


def test_the_release_file_says_what_apt_asks_for(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    assert release_of(store).fields == {
        "Origin": "kestrel",
        "Label": "kestrel",
        "Suite": "stable",
        "Codename": "stable",
        "Date": "Tue, 14 Nov 2023 22:13:20 UTC",
        "Acquire-By-Hash": "yes",
        "Architectures": "amd64 arm64",
        "Components": "main",
    }


def test_users_are_told_what_to_type(make: Make) -> None:
    store = MemoryStore()
    publication = publish(store, make(), make("kestrel-dkms", arch="noarch"), make(arch="aarch64"))
    assert publication.instructions == (
        "sudo install -d -m 0755 /etc/apt/keyrings",
        "sudo curl -fsSL -o /etc/apt/keyrings/kestrel.asc https://example.org/apt/kestrel.asc",
        "sudo curl -fsSL -o /etc/apt/sources.list.d/kestrel.sources https://example.org/apt/kestrel.sources",
        "sudo apt-get update",
        "sudo apt-get install kestrel kestrel-dkms",
    )
    assert store.objects["apt/kestrel.sources"].decode() == (
        "Types: deb\n"
        "URIs: https://example.org/apt\n"
        "Suites: stable\n"
        "Components: main\n"
        "Signed-By: /etc/apt/keyrings/kestrel.asc\n"
    )


def test_a_run_without_a_key_has_release_for_its_pointer(make: Make) -> None:
    store = MemoryStore()
    publication = publish(store, make(), signer=None)
    publish(store, make(version="1.1.0"), signer=None)
    assert not {key for key in store.objects if key.endswith(("InRelease", ".gpg", ".asc"))}
    release = Release.parse(store.objects[f"{SUITE}/Release"])
    assert _packages(store, release, "amd64", by_hash=True) == {
        ("kestrel", "1.0.0", "amd64"),
        ("kestrel", "1.1.0", "amd64"),
    }
    assert _packages(store, release, "amd64", by_hash=False) == _packages(
        store, release, "amd64", by_hash=True
    )
    assert b"Trusted: yes" in store.objects["apt/kestrel.sources"]
    assert not any(".asc" in line for line in publication.instructions)


def test_staging_shows_users_nothing(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    before = {
        key: data for key, data in store.objects.items() if "by-hash" not in key and "/pool/" not in key
    }
    publisher(store).stage([make(version="1.1.0")])
    after = {key: data for key, data in store.objects.items() if "by-hash" not in key and "/pool/" not in key}
    assert after == before


def test_other_kinds_of_artifacts_are_left_alone(make: Make) -> None:
    store = MemoryStore()
    publication = publish(store, replace(make(), kind="rpm"))
    assert (store.objects, publication.instructions) == ({}, ())


def test_what_was_there_stays_byte_for_byte(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    before = plain_index(store)
    publish(store, make(version="1.1.0"))
    assert plain_index(store).startswith(before)


def plain_index(store: MemoryStore) -> bytes:
    return gzip.decompress(store.objects[f"{SUITE}/main/binary-amd64/Packages.gz"])


def test_publishing_again_writes_nothing(make: Make) -> None:
    store = MemoryStore()
    artifacts = [make(), make("kestrel-dkms", arch="noarch")]
    first = publish(store, *artifacts)
    objects = dict(store.objects)
    again = publish(store, *artifacts, now=NOW + 60)
    assert store.objects == objects
    assert (again.uploaded, first.present) == (0, 0)
    assert again.present == 2 + 4 + 4  # the pool; key, source, Release and its signature; plain indexes


def test_a_part_of_a_release_that_is_there_is_not_added_twice(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    publish(store, make(), make(arch="aarch64"))
    assert by_hash_client(store) == {
        "amd64": {("kestrel", "1.0.0", "amd64")},
        "arm64": {("kestrel", "1.0.0", "arm64")},
    }


def test_packages_for_all_reach_an_architecture_that_comes_later(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(), make("kestrel-dkms", arch="noarch"))
    narrow(store, "amd64")
    publish(store, make(arch="aarch64"))
    assert ("kestrel-dkms", "1.0.0", "all") in by_hash_client(store)["arm64"]


def narrow(store: MemoryStore, architecture: str) -> None:
    """The repository as somebody made it who releases for one architecture."""
    release = release_of(store)
    files = {path: digest for path, digest in release.files.items() if architecture in path}
    fields = dict(release.fields) | {"Architectures": architecture}
    store.objects[IN_RELEASE] = SIGNER.clearsign(Release(fields=fields, files=files).render())


def test_fields_and_files_of_another_writer_are_kept(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    release = release_of(store)
    digest = release.files["main/binary-amd64/Packages"]
    others = {
        "contrib/binary-amd64/Packages": digest,
        "main/Contents-amd64.gz": digest,
        "main/binary-amd64/Packages.bz2": digest,
    }
    fields = dict(release.fields) | {
        "Label": "Kestrel",
        "Description": "all of it",
        "Components": "contrib main",
        "Valid-Until": "Wed, 15 Nov 2023 22:13:20 UTC",
    }
    text = Release(fields=fields, files=dict(release.files) | others).render()
    store.objects[IN_RELEASE] = SIGNER.clearsign(text)
    publish(store, make(version="1.1.0"))
    after = release_of(store)
    assert after.fields["Label"] == "Kestrel"
    assert after.fields["Description"] == "all of it"
    assert after.fields["Components"] == "contrib main"
    assert "Valid-Until" not in after.fields
    assert after.files["contrib/binary-amd64/Packages"] == digest
    assert after.files["main/Contents-amd64.gz"] == digest
    assert "main/binary-amd64/Packages.bz2" not in after.files  # it would be out of date


@pytest.mark.parametrize(("now", "date"), [(NOW + 60.9, NOW + 60), (NOW, NOW + 1), (NOW - 3600, NOW + 1)])
def test_the_date_moves_forward_even_where_the_clock_does_not(make: Make, now: float, date: int) -> None:
    store = MemoryStore()
    publish(store, make())
    publish(store, make(version="1.1.0"), now=now)
    assert datetime.fromtimestamp(release_of(store).date, UTC) == datetime.fromtimestamp(date, UTC)


# Refusals


def test_the_same_file_name_with_other_bytes_is_a_conflict_and_changes_nothing(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    before = dict(store.objects)
    with pytest.raises(ConflictError, match="already published with other bytes"):
        publish(store, make(arch="aarch64"), make(content=b"other"))
    assert store.objects == before


def test_the_same_package_under_another_file_name_is_a_conflict_too(make: Make, tmp_path: Path) -> None:
    store = MemoryStore()
    publish(store, make())
    before = dict(store.objects)
    other = make(content=b"other")
    renamed = other.path.rename(tmp_path / "renamed.deb")
    with pytest.raises(ConflictError, match=r"kestrel 1\.0\.0 for amd64"):
        publish(store, replace(other, path=renamed))
    assert store.objects == before


def test_a_conflict_that_appears_while_uploading_is_found(make: Make) -> None:
    store = MemoryStore()
    pool = "apt/pool/main/kestrel/kestrel-1.0.0-x86_64.deb"
    store.before = once("put_if_absent", pool, lambda: store.objects.update({pool: b"a rival's"}))
    with pytest.raises(ConflictError, match="already published with other bytes"):
        publish(store, make())
    assert by_hash_client(store) == {}


def test_a_conflict_that_appears_before_the_swap_is_found(make: Make, tmp_path: Path) -> None:
    store = MemoryStore()
    other = make(content=b"other")
    rival = replace(other, path=other.path.rename(tmp_path / "renamed.deb"))
    store.before = once("put_if_unchanged", IN_RELEASE, lambda: publish(store, rival))
    with pytest.raises(ConflictError, match=r"kestrel 1\.0\.0 for amd64"):
        publish(store, make())
    assert by_hash_client(store)["amd64"] == {("kestrel", "1.0.0", "amd64")}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda _: b"<html>not found</html>", "cannot be trusted"),
        (lambda _: b"", "cannot be trusted"),
        (lambda data: data.replace(b"Origin: kestrel", b"Origin: kestril"), "cannot be trusted"),
        (lambda _: new_key().clearsign(b"Date: x\n"), "cannot be trusted"),
        (lambda _: SIGNER.clearsign(b"no field\n"), "has the line 'no field'"),
        (lambda _: SIGNER.clearsign(b"SHA256:\n nonsense\n"), "has the line ' nonsense'"),
        (lambda _: SIGNER.clearsign(b"Date: Tue, 14 Nov 2023 22:13:20 UTC\n"), "lists no SHA256 digests"),
        (lambda _: SIGNER.clearsign(b"SHA256:\n"), "no date"),
        (lambda _: SIGNER.clearsign(b"Date: yesterday\nSHA256:\n"), "no date"),
    ],
)
def test_a_repository_that_cannot_be_trusted_is_refused_and_not_changed(
    make: Make, damage: Callable[[bytes], bytes], message: str
) -> None:
    store = MemoryStore()
    publish(store, make())
    store.objects[IN_RELEASE] = damage(store.objects[IN_RELEASE])
    before = dict(store.objects)
    with pytest.raises(RepositoryError, match=message) as caught:
        publish(store, make(version="1.1.0"))
    assert caught.value.fix
    assert store.objects == before


def test_an_index_that_is_gone_or_altered_is_refused(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    for key in [key for key in store.objects if "Packages.gz" in key or "by-hash" in key]:
        store.objects[key] += b"x"
    with pytest.raises(RepositoryError, match=r"names main/binary-amd64/Packages\.gz with the sha256"):
        publish(store, make(version="1.1.0"))


def test_an_index_that_is_no_gzip_is_refused(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    path = "main/binary-amd64/Packages.gz"
    release = release_of(store)
    data = b"no gzip at all"
    digest = replace(release.files[path], sha256=hashlib.sha256(data).hexdigest(), size=len(data))
    text = Release(fields=release.fields, files={**release.files, path: digest}).render()
    store.objects |= {IN_RELEASE: SIGNER.clearsign(text), f"{SUITE}/{path}": data}
    with pytest.raises(RepositoryError, match="cannot be unpacked"):
        publish(store, make(version="1.1.0"))


def test_a_signed_repository_never_becomes_unsigned(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    with pytest.raises(RepositoryError, match="this run has no key"):
        publish(store, make(version="1.1.0"), signer=None)


def test_an_unsigned_repository_is_not_signed_unseen(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(), signer=None)
    with pytest.raises(RepositoryError, match="without InRelease"):
        publish(store, make(version="1.1.0"))


def test_a_name_that_stores_and_apt_read_differently_is_refused(make: Make) -> None:
    store = MemoryStore()
    with pytest.raises(RepositoryError, match=r"kestrel\+-1\.0\.0"):
        publish(store, make("kestrel+"))
    assert store.objects == {}


def test_a_file_that_is_no_deb_is_refused(make: Make, tmp_path: Path) -> None:
    (tmp_path / "x.deb").write_bytes(b"text")
    with pytest.raises(FormatError):
        publish(MemoryStore(), replace(make(), path=tmp_path / "x.deb"))


def test_verify_notices_what_was_not_stored_as_it_was_sent(make: Make) -> None:
    store = MemoryStore()
    apt = publisher(store)
    apt.stage([make()])
    for key in list(store.objects):
        sound = store.objects[key]
        store.objects[key] = sound + b"x"
        with pytest.raises(StoreError, match="not what was uploaded"):
            apt.verify()
        store.objects[key] = sound
    apt.verify()


# Several jobs at once


def test_two_jobs_that_meet_at_the_swap_both_become_visible(make: Make) -> None:
    store = MemoryStore()
    waited: list[int] = []
    store.before = once("put_if_unchanged", IN_RELEASE, lambda: publish(store, make(version="2.0.0")))
    apt = publisher(store, wait=waited.append)
    apt.stage([make()])
    apt.commit()
    assert waited == [0]
    assert by_hash_client(store)["amd64"] == {("kestrel", "1.0.0", "amd64"), ("kestrel", "2.0.0", "amd64")}
    assert plain_client(store) == by_hash_client(store)


def test_a_rival_at_any_call_loses_nothing_and_nothing_is_lost(make: Make) -> None:
    ours, theirs = (
        (make(), make("kestrel-dkms", arch="noarch")),
        (make(version="2.0.0"), make(arch="aarch64")),
    )
    expected = {
        ("kestrel", "1.0.0", "amd64"),
        ("kestrel", "2.0.0", "amd64"),
        ("kestrel-dkms", "1.0.0", "all"),
    }
    for number in range(1, calls_of(ours) + 1):
        store = MemoryStore()
        store.before = at(number, partial(publish, store, *theirs))
        publish(store, *ours)
        assert by_hash_client(store)["amd64"] == expected, number
        assert plain_client(store) == by_hash_client(store), number


def calls_of(artifacts: Sequence[Artifact]) -> int:
    store = MemoryStore()
    publish(store, *artifacts)
    return len(store.calls)


def at(number: int, action: Callable[[], object]) -> Callable[[Call], None]:
    def hook(call: Call) -> None:
        if call.number == number:
            action()

    return hook


def test_a_job_that_always_loses_gives_up_with_a_cure(make: Make) -> None:
    store = MemoryStore()
    versions = iter(range(100))

    def rival(call: Call) -> None:
        if (call.operation, call.key) == ("put_if_unchanged", IN_RELEASE):
            store.before = nothing
            publish(store, make(version=f"2.{next(versions)}.0"))
            store.before = rival

    store.before = rival
    with pytest.raises(StoreError, match="keeps changing"):
        publish(store, make())


def test_plain_copies_follow_a_pointer_that_moves_while_they_are_written(make: Make) -> None:
    store = MemoryStore()
    store.before = once("put_if_unchanged", f"{SUITE}/Release", lambda: publish(store, make(version="2.0.0")))
    publish(store, make())
    assert plain_client(store) == by_hash_client(store)
    assert len(by_hash_client(store)["amd64"]) == 2


class LostAnswerStore(MemoryStore):
    """Carries out the first swap of the pointer, and then says that it was refused, as a retried request does."""

    lost = False

    def put_if_unchanged(self, key: str, data: bytes, token: str | None) -> bool:
        done = super().put_if_unchanged(key, data, token)
        if key != IN_RELEASE or self.lost:
            return done
        self.lost = True
        return False


def test_a_lost_answer_to_a_swap_that_succeeded_is_success(make: Make) -> None:
    store = LostAnswerStore()
    publish(store, make())
    swaps = [call for call in store.calls if (call.operation, call.key) == ("put_if_unchanged", IN_RELEASE)]
    assert len(swaps) == 1
    assert by_hash_client(store)["amd64"] == {("kestrel", "1.0.0", "amd64")}


# Crashes


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("first", [True, False], ids=["first", "next"])
def test_a_crash_at_any_call_leaves_old_or_new_and_a_rerun_completes_it(
    make: Make, *, applied: bool, first: bool
) -> None:
    old = MemoryStore()
    if not first:
        publish(old, make(), make(arch="aarch64"))
    new = [make(version="1.1.0"), make(version="1.1.0", arch="aarch64"), make("kestrel-dkms", arch="noarch")]
    done = MemoryStore(old.objects)
    publish(done, *new)
    states = [by_hash_client(old), by_hash_client(done)]
    for number in range(1, len(done.calls) + 1):
        store = MemoryStore(old.objects)
        setattr(store, "after" if applied else "before", crash_at(number))
        with pytest.raises(Crash):
            publish(store, *new)
        assert by_hash_client(store) in states, number
        store.reset()
        publish(store, *new)
        assert by_hash_client(store) == plain_client(store) == states[1], number
        assert {key for key in store.objects if "by-hash" not in key} == {
            key for key in done.objects if "by-hash" not in key
        }


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.sets(
            st.tuples(
                st.sampled_from(["kestrel", "kestrel-dkms"]),
                st.sampled_from(["1.0.0", "1.1.0-rc.1", "1.1.0-4+abc"]),
                st.sampled_from(["x86_64", "aarch64", "noarch"]),
            ),
            min_size=1,
        ),
        max_size=4,
    )
)
def test_whatever_was_published_is_there(make: Make, runs: list[set[tuple[str, str, Arch]]]) -> None:
    store = MemoryStore()
    for run in runs:
        publish(store, *(make(*wanted) for wanted in sorted(run)))
    names = {"x86_64": "amd64", "aarch64": "arm64", "noarch": "all"}
    published = {
        (name, spelling.deb(Version.parse(version)), names[arch])
        for run in runs
        for name, version, arch in run
    }
    seen = by_hash_client(store)
    assert set(seen) == ({"amd64", "arm64"} if runs else set())
    for architecture, identities in seen.items():
        assert identities == {identity for identity in published if identity[2] in {architecture, "all"}}
