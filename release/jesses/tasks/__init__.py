"""The commands. A task parses, calls and renders; what it does is elsewhere in the package.

Decisions: docs/decisions/tasks.md
"""

from typing import Any

from invoke.collection import Collection
from invoke.tasks import Task

from jesses.tasks import channel, cut, doctor, init, parts, plan, release, versions


def make_namespace(*, project: str = ".") -> Collection:
    """The root collection; `project` is the directory that commands work on where `--project` names none."""
    namespace = Collection("jesses")
    releases = Collection.from_module(release, name="release")
    add_tasks(releases, cut.cut, cut.status, cut.checklist)
    namespace.add_collection(releases)
    namespace.add_collection(Collection.from_module(channel, name="channel"))
    add_tasks(
        namespace,
        init.init,
        parts.build,
        parts.publish,
        plan.plan,
        plan.schema,
        versions.versions,
        doctor.doctor,
    )
    namespace.configure({"project": project})
    return namespace


def add_tasks(namespace: Collection, *tasks: Any) -> None:  # noqa: ANN401 -- what Invoke's decorator returns
    """Add tasks to a collection under their own names."""
    for task in tasks:
        if not isinstance(task, Task):
            raise TypeError(f"{task!r} is no task")
        namespace.add_task(task)


namespace = make_namespace()
