"""GitHub Actions workflows, from the templates in `ci/workflows/`: for a product, and for jesses itself."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DIRECTORY: Final = Path(".github") / "workflows"


@dataclass(frozen=True, kw_only=True)
class WorkflowSetting:
    """How a repository runs Invoke: `install` comes before it, `test` is its own test command, if any.

    `branch` is the main branch, whose merges are released.
    """

    invoke: str
    branch: str = "main"
    install: str = ""
    test: str = ""


JESSES: Final = WorkflowSetting(invoke="./inv", test="./inv test")
PRODUCT: Final = WorkflowSetting(invoke="invoke", install="python -m pip install -r requirements.txt")

_MERGE: Final = {
    "name": "merge",
    "what": "Every merge is released to the channel `dev`.",
    "environment": "dev",
    "contents": "read",
    "contents-why": "nothing here changes the repository",
}
_TAG: Final = {
    "name": "tag",
    "what": "A tag is released to the channel `prerelease` or `stable`, as its version says.",
    "trigger": 'tags: ["**"]',
    "environment": "release",
    "contents": "write",
    "contents-why": "releases on GitHub",
}


def workflows(templates: Path, setting: WorkflowSetting) -> dict[Path, str]:
    """The workflow files of a repository, by their paths in it; `templates` is `ci/workflows/`."""
    pull_request = (templates / "pull-request.yml").read_text(encoding="utf-8")
    release = (templates / "release.yml").read_text(encoding="utf-8")
    values = {"invoke": setting.invoke, "install": setting.install, "test": setting.test}
    merged = {"trigger": f"branches: [{json.dumps(setting.branch)}]"}
    keep = {"python": bool(setting.install), "test": bool(setting.test), "cache": True}
    # Whoever got into one job on the main branch could leave something in a cache for a later release.
    without_cache = keep | {"cache": False}
    return {
        DIRECTORY / "pull-request.yml": _filled(pull_request, values, keep),
        DIRECTORY / "merge.yml": _filled(release, values | _MERGE | merged, keep),
        DIRECTORY / "tag.yml": _filled(release, values | _TAG, without_cache),
    }


def _filled(template: str, values: Mapping[str, str], keep: Mapping[str, bool]) -> str:
    """`template` with `<name>` filled in, and the lines from `# [name]` to `# [/name]` where they are kept."""
    text = template
    for name, kept in keep.items():
        block = re.compile(rf"^ *# \[{name}\]\n(.*?)^ *# \[/{name}\]\n", re.MULTILINE | re.DOTALL)
        text = block.sub(r"\1" if kept else "", text)
    return re.sub(r"<([a-z-]+)>", lambda match: values[match[1]], text)
