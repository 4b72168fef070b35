"""The operations of GitHub's REST API that releases need, from GitHub's own OpenAPI description."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.support.paths import DATA


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One documented operation: its query, the fields of its body and those required, the fields of its answer."""

    name: str
    query: frozenset[str]
    body: Mapping[str, type]
    required: frozenset[str]
    answer: frozenset[str]


NAMES = {
    "users/get-authenticated": "user",
    "repos/list-releases": "releases",
    "repos/get-latest-release": "latest",
    "repos/create-release": "create_release",
    "repos/update-release": "update_release",
    "repos/list-release-assets": "assets",
    "repos/upload-release-asset": "upload_asset",
    "repos/get-release-asset": "asset",
    "repos/delete-release-asset": "delete_asset",
    "repos/list-pull-requests-associated-with-commit": "commit_pulls",
    "checks/list-for-ref": "check_runs",
    "repos/get-combined-status-for-ref": "statuses",
    "issues/list-for-repo": "issues",
    "issues/list-milestones": "milestones",
    "pulls/list": "pulls",
    "pulls/get": "pull",
    "pulls/create": "create_pull",
}
"""What the operations are called here."""

_DESCRIPTION = DATA / "github-openapi.json"
_TYPES: dict[str, type] = {"string": str, "boolean": bool, "integer": int}


def _endpoints() -> Iterator[tuple[tuple[str, str], Endpoint]]:
    for operation, known in json.loads(_DESCRIPTION.read_text())["operations"].items():
        path = known["path"].replace("{owner}/{repo}", "{repo}")
        path = re.sub(r"\{(?:\w+_id|pull_number)\}", "{id}", re.sub(r"\{(?:commit_sha|ref)\}", "{sha}", path))
        endpoint = Endpoint(
            name=NAMES[operation],
            query=frozenset(known["query"]),
            body={name: _TYPES[kind] for name, kind in known["body"].items()},
            required=frozenset(known["required"]),
            answer=frozenset(known["answer"]),
        )
        yield (known["method"], f"/uploads{path}" if "server" in known else path), endpoint


ENDPOINTS = dict(_endpoints())
