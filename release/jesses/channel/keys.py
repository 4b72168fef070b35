"""Where a store keeps what it remembers of releases: the layout of the keys below `journal/`.

journal/probe                                      what `jesses.stores.probe` writes
journal/PROJECT/CHANNEL_COMPONENT-VERSION....json  the journal of a release
journal/PROJECT/leases/CHANNEL.json                who may move the channel's pointers
journal/PROJECT/released/COMPONENT/VERSION.json    the record of a version
journal/PROJECT/released/COMPONENT/objects/SHA256  files that no publisher has taken
journal/PROJECT/retired/CHANNEL.json               since when nothing refers to an object
"""

from typing import Final

from semver import Version

from jesses.base.naming import spelling

_PREFIX: Final = "journal/"
_ENDING: Final = ".json"

PROBE: Final = f"{_PREFIX}probe"
"""An object that says nothing: whether a store keeps its conditions is tried with it."""


def is_memory(key: str) -> bool:
    """Whether the object is one of these, which no user reads."""
    return key.startswith(_PREFIX)


def journals(project: str) -> str:
    """What the keys of all journals of a project start with; others do too, see `is_journal`."""
    return f"{_PREFIX}{project}/"


def journals_of_channel(project: str, channel: str) -> str:
    """What the keys of all journals of a channel start with."""
    return f"{journals(project)}{channel}_"


def journal(project: str, release: str) -> str:
    """The journal of a release, which is named as `jesses.channel.journal.release_id` names it."""
    return f"{journals(project)}{release}{_ENDING}"


def is_journal(key: str, project: str) -> bool:
    """Whether the object is the journal of a release of `project`.

    >>> is_journal("journal/hawk/stable_agent-1.0.0.json", "hawk")
    True
    >>> is_journal("journal/hawk/leases/dev.json", "hawk")
    False
    """
    start = journals(project)
    return key.startswith(start) and "/" not in key.removeprefix(start) and key.endswith(_ENDING)


def parts_of_journal(key: str, project: str, channel: str) -> tuple[str, ...]:
    """What a release of `channel` is of, by the key of its journal: COMPONENT-VERSION of each component.

    >>> parts_of_journal("journal/hawk/stable_agent-1.0.0_driver-2.0.0.json", "hawk", "stable")
    ('agent-1.0.0', 'driver-2.0.0')
    """
    release = key.removeprefix(journals_of_channel(project, channel)).removesuffix(_ENDING)
    return tuple(release.split("_"))


def lease(project: str, channel: str) -> str:
    """The lease of a channel: its holder may move the channel's pointers."""
    return f"{journals(project)}leases/{channel}{_ENDING}"


def records(project: str) -> str:
    """What the keys of all records of a project start with."""
    return f"{journals(project)}released/"


def record(project: str, component: str, version: Version) -> str:
    """The record of a component's version."""
    return f"{records(project)}{component}/{spelling.s3_key(version)}{_ENDING}"


def parts_of_record(key: str, project: str) -> tuple[str, str] | None:
    """The component of a record and its version as it is spelled there; None where the key is no record's.

    >>> parts_of_record("journal/hawk/released/agent/1.0.0.json", "hawk")
    ('agent', '1.0.0')
    >>> parts_of_record("journal/hawk/released/agent/objects/c0ffee", "hawk")
    """
    component, _, name = key.removeprefix(records(project)).partition("/")
    return (component, name.removesuffix(_ENDING)) if name.endswith(_ENDING) else None


def kept_files(project: str, component: str) -> str:
    """What the keys of files start with that are kept beside the records of a component."""
    return f"{records(project)}{component}/objects/"


def retired(project: str, channel: str) -> str:
    """What is remembered of a channel's objects that nothing refers to."""
    return f"{journals(project)}retired/{channel}{_ENDING}"
