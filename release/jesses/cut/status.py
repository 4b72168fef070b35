"""Where releases stand, read from the remote, the channels and GitHub now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jesses.base.naming import moving_tags as moving
from jesses.cut.channels import PublishedFile
from jesses.cut.context import CutContext
from jesses.cut.objects import CHANGELOG_BRANCH
from jesses.cut.prepare import unfinished
from jesses.cut.remote_state import RemoteState, read_remote
from jesses.plan.versions.lines import branch_of, tagged_versions


@dataclass(frozen=True, kw_only=True)
class ComponentStatus:
    """A component's newest release, what is under way after it, and where."""

    component: str
    latest: str | None
    under_way: str | None
    branch: str | None
    commit: str | None
    files: tuple[PublishedFile, ...]


@dataclass(frozen=True, kw_only=True)
class Status:
    """Every component, and what a cut that was interrupted has left to do."""

    components: tuple[ComponentStatus, ...]
    unfinished: tuple[str, ...]

    def as_data(self) -> dict[str, Any]:
        """The status as plain data, for `--json`."""
        return {
            "lines": [
                {**vars(component), "files": [vars(file) for file in component.files]}
                for component in self.components
            ],
            "unfinished": list(self.unfinished),
        }


def status(context: CutContext) -> Status:
    """Where every component stands.

    Raises:
        CutError, GitHubError, HistoryError, StoreError: see there.

    """
    remote = read_remote(context.clone)
    return Status(
        components=tuple(_components(context, remote)),
        unfinished=tuple(
            f"{branch} needs a pull request: run `invoke release.cut` again"
            for branch in unfinished(context, remote)
        )
        or tuple(
            f"{branch} waits to be merged into {remote.main}"
            for branch in remote.branches
            if branch.startswith(CHANGELOG_BRANCH)
        ),
    )


def _components(context: CutContext, remote: RemoteState) -> Iterator[ComponentStatus]:
    github, components = context.open_github, context.config.components
    drafts = {release.tag: release for release in github.releases()} if github else {}
    found = tagged_versions(components, remote.tags)
    for name, component in components.items():
        tags = {tagged.version: tagged.tag for tagged in found[name]}
        newest = moving.highest(moving.LATEST, tags)
        highest = max(tags, default=None)
        under_way = highest if highest and highest != newest else None
        files: list[PublishedFile] = []
        for version in filter(None, dict.fromkeys((newest, under_way))):
            files += context.channels.files(name, version)
            release = drafts.get(tags[version])
            if github and release:
                files += [
                    PublishedFile(
                        place="GitHub",
                        name=asset.name,
                        state="staged" if release.draft else "visible",
                        sha256=asset.sha256,
                    )
                    for asset in github.assets(release)
                ]
        branch = branch_of(component, highest) if highest else None
        yield ComponentStatus(
            component=name,
            latest=tags[newest] if newest else None,
            under_way=tags[under_way] if under_way else None,
            branch=branch if branch in remote.branches else None,
            commit=_commit(remote.branches, branch),
            files=tuple(files),
        )


def _commit(branches: Mapping[str, str], branch: str | None) -> str | None:
    return branches.get(branch) if branch else None
