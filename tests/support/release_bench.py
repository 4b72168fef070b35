"""One whole release to a store in memory: every publisher and the journal, without building anything."""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import cast

from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.runner import Runner
from jesses.channel.holder import Holder
from jesses.channel.journal import StoredJournal, journal_key
from jesses.channel.lease import Lease
from jesses.config import Channel, Config, Project
from jesses.history.git_history import Commit
from jesses.package.compression import Packer
from jesses.pipeline.context import Context, State
from jesses.pipeline.order import PIPELINE
from jesses.pipeline.workspace import Workspace
from jesses.plan.plan import Plan
from jesses.plan.versions import ComponentVersion
from jesses.publish.factory import publishers_for
from jesses.signing import Signer
from jesses.stores import Store
from tests.support.apt_site import SIGNER, deb_maker
from tests.support.contexts import Surroundings
from tests.support.memory_store import MemoryStore
from tests.support.yum_client import packages_in

NOW = 1_700_000_000.0
URL = "https://example.org"
FIRST = Holder(run="", host="one", process="1:1", user="ann")
SECOND = Holder(run="", host="two", process="2:2", user="bob")
PROJECT = Project(
    name="kestrel",
    summary="s",
    homepage="https://example.org/",
    license="MIT",
    maintainer="T <t@example.org>",
    vendor="V",
)


class CountingSigner:
    """Signs as `inner` does, and counts the signatures that go into packages."""

    def __init__(self, inner: Signer = SIGNER) -> None:
        self.inner = inner
        self.packages = 0
        self.fingerprint = inner.fingerprint
        self.public_key = inner.public_key

    def clearsign(self, data: bytes) -> bytes:
        return self.inner.clearsign(data)

    def detach(self, data: bytes, *, armor: bool = True) -> bytes:
        self.packages += not armor
        return self.inner.detach(data, armor=armor)

    def detach_file(self, path: Path) -> bytes:
        self.packages += 1
        return self.inner.detach_file(path)


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What a build has made: the files of one release, to be published again and again."""

    directory: Path
    made: tuple[Artifact, ...]
    numbers: Iterator[int] = field(default_factory=count)

    def artifacts(self) -> tuple[Artifact, ...]:
        """The same artifacts as another build of the same commit makes them: in files of their own."""
        folder = self.directory / f"build-{next(self.numbers)}"
        folder.mkdir()
        return tuple(
            replace(artifact, path=Path(shutil.copy(artifact.path, folder))) for artifact in self.made
        )

    def plan(self) -> Plan:
        version = ComponentVersion(
            component="userspace",
            version=Version.parse("1.0.0"),
            commit=Commit(sha="c" * 40, date=int(NOW)),
            tag=None,
            dirty=False,
            reasons=(),
        )
        return Plan(
            project="kestrel",
            channel="stable",
            versions={"userspace": version},
            builds=(),
            packages=(),
            images=(),
            destinations=(),
        )

    def journal(
        self,
        store: Store,
        *,
        holder: Holder = FIRST,
        clock: Callable[[], float] = lambda: NOW,
        gone: Callable[[Holder], bool] = lambda _: True,
        wait: Callable[[Holder], object] = lambda _: None,
        take_over: bool = False,
    ) -> StoredJournal:
        lease = Lease(
            store=store,
            key=journal_key(self.plan()),
            holder=holder,
            clock=clock,
            gone=gone,
            wait=wait,
            take_over=take_over,
        )
        return StoredJournal(lease, self.plan(), holder=holder, clock=clock)

    def release(
        self,
        store: Store,
        *,
        signer: Signer | None = SIGNER,
        artifacts: Sequence[Artifact] = (),
        journal: StoredJournal | None = None,
        invalidated: list[Sequence[str]] | None = None,
        clock: Callable[[], float] = lambda: NOW,
    ) -> State:
        """Everything that follows the packaging, but for the manifest."""
        config = Config(project=PROJECT, components={})
        surroundings = Surroundings(
            runner=cast("Runner", None),
            publishers=publishers_for(
                config, Channel(store="x"), store=store, url=URL, signer=signer, clock=clock
            ),
            store=store,
            signer=signer,
            journal=journal or self.journal(store, clock=clock),
            invalidate=([] if invalidated is None else invalidated).append,
        )
        context = surroundings.context(
            config,
            self.plan(),
            directory=self.directory,
            workspace=cast("Workspace", None),
            packer=cast("Packer", None),
            quick=cast("Packer", None),
        )
        state = State(artifacts=tuple(artifacts) or self.artifacts())
        for step in steps():
            state = step(context, state)
        return state


def steps() -> list[Callable[[Context, State], State]]:
    names = [name for name, _ in PIPELINE]
    return [step for name, step in PIPELINE[names.index("claim") :] if name != "manifest"]


@contextmanager
def bench_in(directory: Path) -> Iterator[Bench]:
    """DEB and RPM for two architectures, and a tarball; all unsigned."""
    with ExitStack() as stack:
        for name in ("deb", "rpm"):
            (directory / name).mkdir()
        deb = stack.enter_context(deb_maker(directory / "deb"))
        rpm = stack.enter_context(packages_in(directory / "rpm"))
        yield Bench(
            directory=directory,
            made=(
                tarball(directory),
                deb(),
                deb(arch="aarch64"),
                rpm(signer=None),
                rpm(arch="aarch64", signer=None),
            ),
        )


def tarball(directory: Path, data: bytes = b"tarball") -> Artifact:
    path = directory / "kestrel-1.0.0-x86_64.tar.gz"
    path.write_bytes(data)
    return Artifact(
        path=path,
        kind="tarball",
        component="userspace",
        name="kestrel",
        version=Version.parse("1.0.0"),
        arch="x86_64",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def packages(store: MemoryStore) -> set[str]:
    """The keys of package files and tarballs."""
    return {key for key in store.objects if key.endswith((".deb", ".rpm", ".tar.gz"))}
