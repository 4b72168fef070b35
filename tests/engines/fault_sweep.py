"""A release of both repositories to a bucket, with a fault at every request: the states that users can meet."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from release.artifact import Artifact
from release.errors import StoreError
from release.publishers import Publisher
from release.publishers.apt import AptPublisher
from release.publishers.yum import YumPublisher
from release.signing import Signer
from release.stores import Store
from release.stores.s3 import S3Store
from tests.publishers import apt_site, yum_client
from tests.stores.memory import MemoryStore
from tests.stores.s3_in_memory import NAME, Bucket, Fault

OLD, NEW = "1.0.0", "2.0.0"
FAULTS: tuple[Fault, ...] = ("500", "409", "reset", "timeout", "lost")

Objects = Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class SameSigner:
    """Signs as `inner`, and the same text with the same bytes: so that equal states are equal."""

    inner: Signer
    made: dict[tuple[str, bytes], bytes] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        return self.inner.fingerprint

    @property
    def public_key(self) -> bytes:
        return self.inner.public_key

    def clearsign(self, data: bytes) -> bytes:
        return self._once(("clear", data), lambda: self.inner.clearsign(data))

    def detach(self, data: bytes, *, armor: bool = True) -> bytes:
        return self._once((f"detached {armor}", data), lambda: self.inner.detach(data, armor=armor))

    def detach_file(self, path: Path) -> bytes:
        return self.detach(path.read_bytes(), armor=False)

    def _once(self, key: tuple[str, bytes], sign: Callable[[], bytes]) -> bytes:
        if key not in self.made:
            self.made[key] = sign()
        return self.made[key]


@dataclass(frozen=True, kw_only=True)
class Release:
    """What is published to `url`, at `now`."""

    artifacts: Sequence[Artifact]
    signer: Signer
    url: str
    now: float

    def publish(self, store: Store, *, resumed: bool = False) -> None:
        """As the pipeline does it."""
        publishers = self._publishers(store)
        artifacts = tuple(self.artifacts)
        for publisher in publishers:
            artifacts = publisher.check(artifacts, resumed=resumed)
        for publisher in publishers:
            artifacts = publisher.stage(artifacts)
        for publisher in publishers:
            publisher.verify()
        for publisher in publishers:
            publisher.commit()

    def _publishers(self, store: Store) -> tuple[Publisher, ...]:
        return (
            AptPublisher(
                store=store,
                prefix="apt",
                url=f"{self.url}/apt",
                name="kestrel",
                signer=self.signer,
                clock=lambda: self.now,
                wait=int,
            ),
            YumPublisher(
                store=store,
                prefix="yum",
                url=f"{self.url}/yum",
                name="kestrel",
                signer=self.signer,
                clock=lambda: self.now,
                wait=int,
            ),
        )


@dataclass(kw_only=True)
class Sweep:
    """`old` is the state before `new` is published; `states` become those that anybody can meet, once each."""

    old: Objects
    new: Release
    signer: Signer
    states: dict[str, Objects] = field(default_factory=dict)
    healed: set[str] = field(default_factory=set)
    bucket: Bucket = field(default_factory=Bucket)

    def __post_init__(self) -> None:
        self._store = S3Store(client=self.bucket.client(), bucket=NAME, wait=int)

    def run(self) -> int:
        """Publish with each fault at each request, alone and for good; gives how many times."""
        self._publish(lambda _: None)
        self._check_all_new("without a fault")
        total, times = len(self.bucket.requests), 0
        for number in range(1, total + 1):
            for name, fault in faults_at(number):
                what = f"{name} at {number}, {self.bucket.requests[number - 1 : number]}"
                finished = self._publish(fault)
                self._check(what, finished=finished)
                times += 1
        return times

    def _publish(self, fault: Callable[[int], Fault | None]) -> bool:
        self.bucket.objects = dict(self.old)
        self.bucket.requests.clear()
        self.bucket.fault = fault
        try:
            self.new.publish(self._store)
        except StoreError:
            return False
        return True

    def _check(self, what: str, *, finished: bool) -> None:
        state = dict(self.bucket.objects)
        before = MemoryStore(dict(self.old))
        now = MemoryStore(state)
        apt = apt_site.by_hash_client(now, self.signer)
        yum = yum_client.mirror_client(now, self.signer, self.new.url + "/yum")
        assert apt in (apt_site.by_hash_client(before, self.signer), wanted_by_apt()), what
        assert yum in (
            yum_client.mirror_client(before, self.signer, self.new.url + "/yum"),
            wanted_by_yum(),
        ), what
        self.states.setdefault(digest({key: data for key, data in state.items() if is_pointer(key)}), state)
        if finished:
            self._check_all_new(what)
        if (key := digest(state)) not in self.healed:
            self.healed.add(key)
            self.bucket.fault = lambda _: None
            self.new.publish(self._store, resumed=True)
            self._check_all_new(f"{what}, and a rerun")

    def _check_all_new(self, what: str) -> None:
        store = MemoryStore(dict(self.bucket.objects))
        assert apt_site.by_hash_client(store, self.signer) == wanted_by_apt(), what
        assert apt_site.plain_client(store, self.signer) == wanted_by_apt(), what
        assert yum_client.mirror_client(store, self.signer, self.new.url + "/yum") == wanted_by_yum(), what
        assert yum_client.client(store) == wanted_by_yum(), what
        assert yum_client.signature_fits(store, self.signer), what
        state = self.bucket.objects
        self.states.setdefault(
            digest({key: data for key, data in state.items() if is_pointer(key)}), dict(state)
        )


def faults_at(number: int) -> Iterator[tuple[str, Callable[[int], Fault | None]]]:
    """Every fault at this request alone, and the end of everything before and after it took effect."""
    for fault in FAULTS:
        yield fault, lambda found, fault=fault: fault if found == number else None  # type: ignore[misc]
    yield "dead before", lambda found: "reset" if found >= number else None
    yield "dead after", lambda found: "lost" if found == number else "reset" if found > number else None


def wanted_by_apt() -> dict[str, set[tuple[str, str, str]]]:
    return {arch: {("kestrel", version, arch) for version in (OLD, NEW)} for arch in ("amd64", "arm64")}


def wanted_by_yum() -> set[tuple[str, str, str]]:
    return {("kestrel", version, arch) for version in (OLD, NEW) for arch in ("x86_64", "aarch64")}


def is_pointer(key: str) -> bool:
    """Whether a key is one that changes."""
    immutable = ("/by-hash/", "/pool/", "/packages/", "/snap/", ".xml.gz")
    return not any(part in key for part in immutable)


def digest(objects: Objects) -> str:
    found = hashlib.sha256()
    for key, data in sorted(objects.items()):
        found.update(f"{key}\0{hashlib.sha256(data).hexdigest()}\n".encode())
    return found.hexdigest()
