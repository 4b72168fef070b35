"""A release of both repositories to a bucket, with a fault at every request: the states that users can meet."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from jesses.base.artifact import Artifact
from jesses.base.errors import StoreError
from jesses.publish import Publisher
from jesses.publish.apt.publisher import apt_publisher
from jesses.publish.shared.settings import RepositorySettings
from jesses.publish.yum.publisher import yum_publisher
from jesses.signing import Signer
from jesses.stores import Store
from tests.support import apt_site, yum_client
from tests.support.memory_store import MemoryStore
from tests.support.s3_in_memory import Fault

OLD, NEW = "1.0.0", "2.0.0"
FAULTS: tuple[Fault, ...] = ("500", "409", "reset", "timeout", "lost")

Objects = Mapping[str, bytes]
Faults = Callable[[int], Fault | None]
"""What happens to a request, by its number from 1 on."""


class FaultyBucket(Protocol):
    """A bucket whose requests can fail: inside the process, or a service's."""

    @property
    def objects(self) -> Objects: ...

    @property
    def requests(self) -> Sequence[str]:
        """Those since the last `restart`, each as "PUT key"."""
        ...

    def restart(self, objects: Objects, faults: Faults) -> None:
        """Hold `objects` and nothing else, and fail as `faults` say from now on."""
        ...

    def store(self, fault: str) -> Store:
        """The store of a client that tries everything once, and waits no longer than `fault` needs."""
        ...


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
    """What is published to `url`, at `now`. `wait` is called when another job was faster."""

    artifacts: Sequence[Artifact]
    signer: Signer
    url: str
    now: float
    wait: Callable[[int], object] = int

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
            apt_publisher(
                RepositorySettings(
                    store=store,
                    prefix="apt",
                    url=f"{self.url}/apt",
                    name="kestrel",
                    signer=self.signer,
                    clock=lambda: self.now,
                    wait=self.wait,
                )
            ),
            yum_publisher(
                RepositorySettings(
                    store=store,
                    prefix="yum",
                    url=f"{self.url}/yum",
                    name="kestrel",
                    signer=self.signer,
                    clock=lambda: self.now,
                    wait=self.wait,
                )
            ),
        )


@dataclass(kw_only=True)
class Sweep:
    """`old` is the state before `new` is published; `states` become those that anybody can meet, once each.

    `healed` are the states that were checked, and in which a rerun was.
    """

    bucket: FaultyBucket
    old: Objects
    new: Release
    signer: Signer
    states: dict[str, Objects] = field(default_factory=dict)
    healed: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)

    def run(self, *, deaths: bool = True) -> int:
        """Publish with each fault at each request, alone and (`deaths`) for good; gives how many requests."""
        self._publish("", lambda _: None)
        self._check_all_new("without a fault")
        requests = tuple(self.bucket.requests)
        for number, request in enumerate(requests, 1):
            for name, faults in (*faults_at(number), *(deaths_at(number) if deaths else ())):
                finished = self._publish(name, faults)
                self._check(f"{name} at {number}, {request}", finished=finished)
        return len(requests)

    def _publish(self, name: str, faults: Faults) -> bool:
        self.bucket.restart(self.old, faults)
        try:
            self.new.publish(self.bucket.store(name))
        except StoreError:
            return False
        return True

    def _check(self, what: str, *, finished: bool) -> None:
        state = dict(self.bucket.objects)
        if finished:
            self._check_all_new(what)
        self.states.setdefault(pointers(state), state)
        if (found := digest(state)) not in self.healed:
            self.healed.add(found)
            self._check_old_or_new(MemoryStore(state), what)
            self._rerun(state, what)

    def rerun_each(self) -> None:
        """Publish again in every state that anybody can meet."""
        for name, state in list(self.states.items()):
            self._rerun(state, name)

    def _rerun(self, state: Objects, what: str) -> None:
        self.bucket.restart(state, lambda _: None)
        self.new.publish(self.bucket.store(""), resumed=True)
        self._check_all_new(f"{what}, and a rerun")

    def _check_old_or_new(self, now: MemoryStore, what: str) -> None:
        before, url = MemoryStore(dict(self.old)), f"{self.new.url}/yum"
        apt = apt_site.by_hash_client(now, self.signer)
        assert apt in (apt_site.by_hash_client(before, self.signer), wanted_by_apt()), what
        yum = yum_client.mirror_client(now, self.signer, url)
        assert yum in (yum_client.mirror_client(before, self.signer, url), wanted_by_yum()), what

    def _check_all_new(self, what: str) -> None:
        state = dict(self.bucket.objects)
        if (found := digest(state)) in self.whole:
            return
        store = MemoryStore(state)
        assert apt_site.by_hash_client(store, self.signer) == wanted_by_apt(), what
        assert apt_site.plain_client(store, self.signer) == wanted_by_apt(), what
        assert yum_client.mirror_client(store, self.signer, self.new.url + "/yum") == wanted_by_yum(), what
        assert yum_client.client(store) == wanted_by_yum(), what
        assert yum_client.signature_fits(store, self.signer), what
        self.whole.add(found)
        self.states.setdefault(pointers(state), state)


def faults_at(number: int) -> Iterator[tuple[str, Faults]]:
    """Every fault at this request alone."""
    for fault in FAULTS:
        yield fault, lambda found, fault=fault: fault if found == number else None  # type: ignore[misc]


def deaths_at(number: int) -> Iterator[tuple[str, Faults]]:
    """The end of everything before and after this request took effect."""
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


def pointers(state: Objects) -> str:
    """What tells states apart for those who come afterwards."""
    return digest({key: data for key, data in state.items() if is_pointer(key)})


def digest(objects: Objects) -> str:
    found = hashlib.sha256()
    for key, data in sorted(objects.items()):
        found.update(f"{key}\0{hashlib.sha256(data).hexdigest()}\n".encode())
    return found.hexdigest()
