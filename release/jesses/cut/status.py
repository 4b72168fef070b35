"""Where releases stand, read from the remote, the channels and GitHub now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jesses.base.naming import moving_tags as moving
from jesses.config import Config
from jesses.cut.channels import Channels, Published
from jesses.cut.components import Seen
from jesses.cut.objects import BRING_BACK
from jesses.cut.prepare import CutContext, look, unfinished
from jesses.plan.versions.lines import branch_of, lines
from jesses.publish.github import GitHub


@dataclass(frozen=True, kw_only=True)
class StatusLine:
    """A component's newest release, what is under way after it, and where."""

    component: str
    latest: str | None
    under_way: str | None
    branch: str | None
    commit: str | None
    files: tuple[Published, ...]


@dataclass(frozen=True, kw_only=True)
class Status:
    """Every component's line, and what a cut that was interrupted has left to do."""

    lines: tuple[StatusLine, ...]
    unfinished: tuple[str, ...]

    def as_data(self) -> dict[str, Any]:
        """The status as plain data, for `--json`."""
        return {
            "lines": [{**vars(line), "files": [vars(file) for file in line.files]} for line in self.lines],
            "unfinished": list(self.unfinished),
        }


def status(around: CutContext) -> Status:
    """Where every component stands.

    Raises:
        CutError, GitHubError, HistoryError, StoreError: see there.

    """
    seen = look(around.clone)
    on_github = around.github if around.token else None
    return Status(
        lines=tuple(_lines(around.config, seen, around.channels, on_github)),
        unfinished=tuple(
            f"{branch} needs a pull request: run `invoke release.cut` again"
            for branch in unfinished(around, seen)
        )
        or tuple(
            f"{branch} waits to be merged into {seen.main}"
            for branch in seen.branches
            if branch.startswith(BRING_BACK)
        ),
    )


def _lines(config: Config, seen: Seen, channels: Channels, github: GitHub | None) -> Iterator[StatusLine]:
    drafts = {release.tag: release for release in github.releases()} if github else {}
    found = lines(config.components, seen.tags)
    for name, component in config.components.items():
        tags = {tagged.version: tagged.tag for tagged in found[name]}
        newest = moving.highest(moving.LATEST, tags)
        highest = max(tags, default=None)
        under_way = highest if highest and highest != newest else None
        files: list[Published] = []
        for version in filter(None, dict.fromkeys((newest, under_way))):
            files += channels.files(name, version)
            release = drafts.get(tags[version])
            if github and release:
                files += [
                    Published(
                        place="GitHub",
                        name=asset.name,
                        state="staged" if release.draft else "visible",
                        sha256=asset.sha256,
                    )
                    for asset in github.assets(release)
                ]
        branch = branch_of(component, highest) if highest else None
        yield StatusLine(
            component=name,
            latest=tags[newest] if newest else None,
            under_way=tags[under_way] if under_way else None,
            branch=branch if branch in seen.branches else None,
            commit=_commit(seen.branches, branch),
            files=tuple(files),
        )


def _commit(branches: Mapping[str, str], branch: str | None) -> str | None:
    return branches.get(branch) if branch else None
