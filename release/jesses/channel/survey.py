"""What a channel has of what a plan will publish: nothing is built for the answer, and nothing is changed.

A version that is made from the same commit is the same bytes; so the commits that the store remembers tell what is
the same before there are any.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from jesses.base.documents import read_object
from jesses.base.errors import ConfigError, ConflictError
from jesses.channel.journal import journal_key
from jesses.channel.records import Record
from jesses.config import Channel
from jesses.plan.plan import Plan, PlannedPackage, debug_name
from jesses.publish.apt.repository import COMPONENT
from jesses.publish.files import latest
from jesses.publish.files.sums import SUMS
from jesses.publish.yum.publisher import PACKAGES
from jesses.publish.yum.repository import POINTER
from jesses.stores import Store

ObjectState = Literal["new", "same", "moves", "conflict"]


@dataclass(frozen=True, kw_only=True)
class RemoteObject:
    """An object as it would be published; `token` is that of what is there ("" where there is nothing)."""

    key: str
    state: ObjectState
    token: str
    why: str = ""


def survey(plan: Plan, channel: Channel, store: Store) -> tuple[RemoteObject, ...]:
    """What `store` has of each object of `plan`: package files first, then the pointers that name them.

    Raises:
        StoreError: the store failed.

    """
    staged = _staged_commits(plan, store)
    records = {
        name: Record(store=store, project=plan.project, component=name, version=version.version).read()
        for name, version in plan.versions.items()
    }
    found: list[RemoteObject] = []
    for package in plan.packages:
        listing = records[package.component].channels.get(plan.channel or "")
        known = (listing.commit if listing else "") or staged.get(package.component, "")
        here = plan.versions[package.component].commit.sha
        found.append(_package(_key(package, channel), store, known=known, here=here, package=package))
        if listing and listing.withdrawn:
            found[-1] = RemoteObject(
                key=found[-1].key,
                state="conflict",
                token=found[-1].token,
                why=f"this version was {listing.withdrawn}",
            )
    return (*found, *_pointers(plan, channel, store, found))


def _package(key: str, store: Store, *, known: str, here: str, package: PlannedPackage) -> RemoteObject:
    head = store.head(key)
    if head is None:
        return RemoteObject(key=key, state="new", token="")
    if package.released or known == here:
        return RemoteObject(key=key, state="same", token=head.token)
    why = f"published from the commit {known[:12]}" if known else "nobody noted which commit it is from"
    return RemoteObject(key=key, state="conflict", token=head.token, why=why)


def _pointers(
    plan: Plan, channel: Channel, store: Store, packages: Sequence[RemoteObject]
) -> Iterator[RemoteObject]:
    components = sorted({package.component for package in plan.packages if package.kind == "tarball"})
    suite = f"dists/{channel.suite}"
    pointers = (
        (channel.files, (SUMS, *map(latest.path, components))),
        (channel.apt, (f"{suite}/InRelease", f"{suite}/Release")),
        (channel.yum, (POINTER,)),
    )
    for prefix, names in pointers:
        own = [package for package in packages if package.key.startswith(f"{prefix}/")]
        if not own:
            continue
        moves = any(package.state == "new" for package in own)
        for name in names:
            head = store.head(f"{prefix}/{name}")
            state: ObjectState = "new" if head is None else "moves" if moves else "same"
            yield RemoteObject(key=f"{prefix}/{name}", state=state, token=head.token if head else "")


def _key(package: PlannedPackage, channel: Channel) -> str:
    if package.kind == "deb":
        name = debug_name(package.name, "deb") if package.debug else package.name
        return f"{channel.apt}/pool/{COMPONENT}/{name}/{package.file_name}"
    if package.kind == "rpm":
        return f"{channel.yum}/{PACKAGES}/{package.file_name}"
    return f"{channel.files}/{package.file_name}"


def _staged_commits(plan: Plan, store: Store) -> Mapping[str, str]:
    """The commits of an earlier run of this release, by component."""
    stored = store.get(journal_key(plan))
    try:
        return dict(read_object(stored.data).get("commits", {})) if stored else {}
    except (ValueError, TypeError):
        return {}  # claiming the release says what is wrong with it


# A plan in a file


def as_data(plan: Plan, objects: Sequence[RemoteObject]) -> dict[str, Any]:
    """A plan with what the remote has, for `--json`; `read` takes it again."""
    return {**plan.as_data(), "remote": [asdict(found) for found in objects]}


@dataclass(frozen=True, kw_only=True)
class AgreedPlan:
    """A plan that somebody has looked at: exactly this is to be carried out."""

    channel: str | None
    data: Mapping[str, Any]

    def check_plan(self, plan: Plan) -> None:
        """Raise `ConflictError` where `plan` is another one."""
        ours = {name: value for name, value in self.data.items() if name != "remote"}
        now = json.loads(json.dumps(plan.as_data()))
        parts = sorted(name for name in ours.keys() | now.keys() if ours.get(name) != now.get(name))
        if parts:
            raise ConflictError(
                f"the plan is not what would be done now: it differs in {', '.join(parts)}",
                fix="check out the commit that it was made from, or make it again: invoke plan --remote --json",
            )

    def check_remote(self, objects: Sequence[RemoteObject]) -> None:
        """Raise `ConflictError` where the remote has changed since, or the plan has a conflict."""
        planned = {found["key"]: found for found in self.data["remote"]}
        now = {found.key: asdict(found) for found in objects}
        moved = sorted(key for key in planned.keys() | now.keys() if planned.get(key) != now.get(key))
        if moved:
            raise ConflictError(
                f"the remote has changed since this plan was made: {', '.join(moved)}",
                fix="make it again, and look at it: invoke plan --remote --json",
            )
        if bad := [key for key, found in now.items() if found["state"] == "conflict"]:
            raise ConflictError(
                f"the plan is in conflict with what is published: {', '.join(bad)}",
                fix="what is published never changes: release a new version",
            )


def read(path: Path) -> AgreedPlan:
    """The plan in a file.

    Raises:
        ConfigError: it holds none, or none that has looked at the remote.

    """
    try:
        data = read_object(path.read_bytes())
        {found["key"]: found["state"] for found in data["remote"]}
        return AgreedPlan(channel=data["channel"], data=data)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", fix="correct --plan") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} holds no plan with what the remote has",
            fix="make it: invoke plan --channel NAME --remote --json > FILE",
        ) from error
