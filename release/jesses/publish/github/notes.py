"""The notes of a version that is tagged already: from its changelog, or from the commits."""

from collections.abc import Mapping

from semver import Version

from jesses.config import Component
from jesses.history.clone import Clone
from jesses.history.notes import PullRequest, changes_in, section
from jesses.history.notes.changelog import CHANGELOG, section_of
from jesses.history.notes.changes import of_component
from jesses.plan.versions.lines import tag_of, tagged_versions


def notes_of(
    name: str,
    version: Version,
    components: Mapping[str, Component],
    clone: Clone,
    pulls: Mapping[str, PullRequest],
) -> str:
    """The section of a component's version; a candidate has none in the changelog, so it is made anew.

    Raises:
        HistoryError: this clone has no such tag.

    """
    component = components[name]
    tag = tag_of(component, version)
    commit = clone.revision(f"refs/tags/{tag}")
    if written := section_of(clone.text(CHANGELOG, at=commit) or "", tag):
        return written
    line = tagged_versions(components, clone.tags("refs/tags"))[name]
    finals = [each for each in line if not each.version.prerelease and each.version < version]
    base = max(finals, default=None, key=lambda each: each.version)
    contributions = of_component(
        clone.contributions(since=[base.commit] if base else [], until=commit), name, components
    )
    changes = changes_in(contributions, pulls, released=frozenset())
    return section(
        tag=tag, date=contributions[-1].date if contributions else 0, changes=changes, first_time=()
    )
