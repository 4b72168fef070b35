"""A stand-in for GitHub's REST API on loopback: it keeps state and refuses what GitHub does not document.

A request outside of `github_openapi` is answered with 400 and recorded in `refused`; an answer of ours with a
field that GitHub does not have is recorded there too. `faults` makes the next matching requests fail.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import RLock, Thread
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.engines.github_openapi import ENDPOINTS, Endpoint

Json = dict[str, Any]
UNDOCUMENTED = 400
OF_PULLS_ALONE = {"head", "base", "merged_at", "merge_commit_sha"}
"""What a pull request that is listed as an issue does not have."""
_PATTERN = {"repo": r"(?P<repo>[^/]+/[^/]+)", "id": r"(?P<id>\d+)", "sha": r"(?P<sha>[0-9a-f]{40})"}
Effect = Literal["rate-limit", "secondary-limit", "refuse", "lose-answer", "cut-off", "close"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens instead of `endpoint`, once.

    rate-limit: 403 until `seconds` from now; secondary-limit: 429 with Retry-After; refuse: `status` and
    nothing done; lose-answer: done, but `status` is answered; cut-off: an upload that stops half way and
    leaves an unfinished asset; close: the connection is closed without an answer.
    """

    endpoint: str
    effect: Effect
    status: int = 502
    seconds: int = 1


class Refused(Exception):  # noqa: N818
    """An answer of the API that is an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Unprocessable(Refused):
    """GitHub's 422."""

    def __init__(self, code: str) -> None:
        super().__init__(422, code)


@dataclass
class GitHubState:
    """What the stand-in holds, for one repository. `clock` is the time that rate limits are told by."""

    repo: str = "hawk/hawk"
    token: str = "ghs_secret"
    clock: float = 1_800_000_000
    page_size: int = 100
    digests: bool = True
    url: str = ""
    releases: list[Json] = field(default_factory=list)
    assets: dict[int, list[Json]] = field(default_factory=dict)
    content: dict[int, bytes] = field(default_factory=dict)
    latest: int | None = None
    latest_sticks: bool = True
    pulls: list[Json] = field(default_factory=list)
    commits: dict[str, list[int]] = field(default_factory=dict)
    milestones: list[Json] = field(default_factory=list)
    check_runs: dict[str, list[Json]] = field(default_factory=dict)
    statuses: dict[str, list[Json]] = field(default_factory=dict)
    branches: Path | None = None
    faults: list[Fault] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)
    _last_id: int = 0

    def new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def forget(self) -> None:
        """Have no releases, as at the beginning."""
        self.releases.clear()
        self.assets.clear()
        self.content.clear()
        self.latest = None

    def add_pull(  # noqa: PLR0913
        self, number: int, title: str, body: str, *, commits: tuple[str, ...] = (), login: str = "ada",
        labels: tuple[str, ...] = (), milestone: int | None = None, merged: bool = True,
    ) -> None:  # fmt: skip
        self.pulls.append(
            {
                "number": number,
                "title": title,
                "body": body,
                "user": {"login": login, "html_url": f"https://github.example/{login}"},
                "html_url": f"https://github.example/{self.repo}/pull/{number}",
                "state": "closed" if merged else "open",
                "merged_at": "2026-01-01T00:00:00Z" if merged else None,
                "merge_commit_sha": commits[-1] if commits else None,
                "labels": [{"name": label} for label in labels],
                "milestone": {"number": milestone} if milestone else None,
                "head": {"ref": f"branch-{number}"},
            }
        )
        for sha in commits:
            self.commits.setdefault(sha, []).append(number)

    def add_milestone(self, title: str, *, closed: bool, open_issues: int = 0) -> int:
        number = len(self.milestones) + 1
        self.milestones.append(
            {
                "number": number,
                "title": title,
                "state": "closed" if closed else "open",
                "open_issues": open_issues,
                "html_url": f"https://github.example/{self.repo}/milestone/{number}",
            }
        )
        return number

    def passes(self, sha: str, name: str = "build") -> None:
        self.check_runs.setdefault(sha, []).append(
            {"name": name, "status": "completed", "conclusion": "success"}
        )

    # What each endpoint answers; `args` are the parts of the path and the query.

    def do_user(self, args: Json, body: Json) -> object:
        return {"login": "ada", "html_url": "https://github.example/ada"}

    def do_releases(self, args: Json, body: Json) -> object:
        return list(reversed(self.releases))

    def do_latest(self, args: Json, body: Json) -> object:
        return next((release for release in self.releases if release["id"] == self.latest), None)

    def do_create_release(self, args: Json, body: Json) -> object:
        number = self.new_id()
        tag = body["tag_name"]
        if not body.get("draft") and any(
            release["tag_name"] == tag and not release["draft"] for release in self.releases
        ):
            raise Unprocessable("already_exists")
        release = {
            "id": number,
            "name": None,
            "body": None,
            "draft": False,
            "prerelease": False,
            "html_url": f"https://github.example/{self.repo}/releases/tag/{tag}",
            "upload_url": f"{self.url}/uploads/repos/{self.repo}/releases/{number}/assets{{?name,label}}",
            **body,
        }
        self.releases.append(release)
        self.assets[number] = []
        return release

    def do_update_release(self, args: Json, body: Json) -> object:
        release = next((each for each in self.releases if each["id"] == args["id"]), None)
        if release is None:
            return None
        make_latest = body.pop("make_latest", "true")
        if make_latest not in {"true", "false", "legacy"}:
            raise Unprocessable("make_latest")
        release |= body
        if make_latest == "true" and not release["draft"]:
            if release["prerelease"]:
                raise Unprocessable("a prerelease cannot be the latest")
            self.latest = release["id"] if self.latest_sticks else self.latest
        return release

    def do_assets(self, args: Json, body: Json) -> object:
        return self.assets.get(args["id"])

    def do_upload_asset(self, args: Json, body: Json) -> object:
        return self.store_asset(args["id"], args["name"], body["data"], complete=True)

    def store_asset(self, release: int, name: str, data: bytes, *, complete: bool) -> Json:
        if any(asset["name"] == name for asset in self.assets[release]):
            raise Unprocessable("already_exists")
        number = self.new_id()
        asset = {
            "id": number,
            "name": name,
            "size": len(data),
            "state": "uploaded" if complete else "starter",
            "digest": f"sha256:{hashlib.sha256(data).hexdigest()}" if self.digests else None,
            "url": f"{self.url}/repos/{self.repo}/releases/assets/{number}",
        }
        self.assets[release].append(asset)
        self.content[number] = data
        return asset

    def do_asset(self, args: Json, body: Json) -> object:
        return self.content.get(args["id"])

    def do_delete_asset(self, args: Json, body: Json) -> object:
        for assets in self.assets.values():
            assets[:] = [asset for asset in assets if asset["id"] != args["id"]]
        return {}

    def do_commit_pulls(self, args: Json, body: Json) -> object:
        numbers = self.commits.get(args["sha"], [])
        return [pull for pull in self.pulls if pull["number"] in numbers]

    def do_check_runs(self, args: Json, body: Json) -> object:
        runs = self.check_runs.get(args["sha"], [])
        return {"total_count": len(runs), "check_runs": runs}

    def do_statuses(self, args: Json, body: Json) -> object:
        return {"state": "success", "statuses": self.statuses.get(args["sha"], [])}

    def do_issues(self, args: Json, body: Json) -> object:
        wanted = set(filter(None, args.get("labels", "").split(",")))
        return [
            {
                **{name: value for name, value in pull.items() if name not in OF_PULLS_ALONE},
                "pull_request": {"merged_at": pull["merged_at"]},
            }
            for pull in self.pulls
            if wanted <= {label["name"] for label in pull["labels"]}
            and ("milestone" not in args or (pull["milestone"] or {}).get("number") == int(args["milestone"]))
            and args.get("state", "open") in {"all", pull["state"]}
        ]

    def do_pulls(self, args: Json, body: Json) -> object:
        _, _, head = args.get("head", "").rpartition(":")
        return [pull for pull in reversed(self.pulls) if not head or pull["head"]["ref"] == head]

    def do_pull(self, args: Json, body: Json) -> object:
        return next((pull for pull in self.pulls if pull["number"] == args["id"]), None)

    def do_create_pull(self, args: Json, body: Json) -> object:
        if any(pull["head"]["ref"] == body["head"] and pull["state"] == "open" for pull in self.pulls):
            raise Unprocessable("a pull request already exists")
        if self.branches and not _has_branch(self.branches, body["head"]):
            raise Unprocessable("head invalid")
        number = 1 + max((pull["number"] for pull in self.pulls), default=0)
        self.add_pull(number, body["title"], body.get("body", ""), merged=False)
        self.pulls[-1]["head"] = {"ref": body["head"]}
        self.pulls[-1]["base"] = {"ref": body["base"]}
        return self.pulls[-1]

    def do_milestones(self, args: Json, body: Json) -> object:
        return self.milestones


def _has_branch(repository: Path, name: str) -> bool:
    packed = repository / "packed-refs"
    listed = packed.read_text() if packed.exists() else ""
    return (repository / "refs" / "heads" / name).exists() or f"refs/heads/{name}\n" in listed


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two packets; the second would wait 40 ms for the answer to the first.
    disable_nagle_algorithm = True

    def __init__(self, state: GitHubState, *args: Any) -> None:  # noqa: ANN401 -- as the base class has it
        self.state = state
        super().__init__(*args)

    def log_message(self, *_: object) -> None:
        """Nothing: the state keeps its own log."""

    def handle_any(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(size)
        with self.state.lock:
            self._handle(raw)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = handle_any  # noqa: N815

    def _handle(self, raw: bytes) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.state.log.append(f"{self.command} {parts.path}")
        try:
            endpoint, args = self._endpoint(parts.path)
            self._check(endpoint, query)
            body = _body(endpoint, raw)
            fault = next((each for each in self.state.faults if each.endpoint == endpoint.name), None)
            if fault:
                self.state.faults.remove(fault)
                if not self._suffers(fault, args | query, raw):
                    return
            answer = self._carry_out(endpoint, args | query, body, fault)
            self._page(answer, parts.path, query)
        except Unprocessable as error:
            errors = [{"resource": "Release", "code": str(error), "field": "tag_name"}]
            self._answer(422, {"message": "Validation Failed", "errors": errors})
        except Refused as error:
            if error.status == UNDOCUMENTED:
                self.state.refused.append(str(error))
            self._answer(error.status, {"message": str(error)})

    def _carry_out(self, endpoint: Endpoint, args: Json, body: Json, fault: Fault | None) -> object:
        answer: object = getattr(self.state, f"do_{endpoint.name}")(args, body)
        if fault:
            raise Refused(fault.status, "Server Error")
        if answer is None:
            raise Refused(404, "Not Found")
        for item in answer if isinstance(answer, list) else [answer]:
            if isinstance(item, dict) and (made_up := set(item) - endpoint.answer):
                self.state.refused.append(f"{endpoint.name} answers {sorted(made_up)}, which GitHub has not")
        return answer

    def _check(self, endpoint: Endpoint, query: dict[str, str]) -> None:
        if self.headers.get("authorization") != f"Bearer {self.state.token}":
            raise Refused(401, "Bad credentials")
        if self.headers.get("x-github-api-version") != "2022-11-28":
            raise Refused(UNDOCUMENTED, "no API version")
        if unknown := set(query) - endpoint.query:
            raise Refused(UNDOCUMENTED, f"{endpoint.name} has no parameter {sorted(unknown)}")

    def _endpoint(self, path: str) -> tuple[Endpoint, Json]:
        for (method, template), endpoint in ENDPOINTS.items():
            pattern = re.sub(r"\{(\w+)\}", lambda match: _PATTERN[match[1]], template)
            if method == self.command and (match := re.fullmatch(pattern, path)):
                args = match.groupdict()
                if args.get("repo", self.state.repo) != self.state.repo:
                    raise Refused(404, "Not Found")
                return endpoint, {key: int(text) if key == "id" else text for key, text in args.items()}
        raise Refused(UNDOCUMENTED, f"{self.command} {path} is not documented")

    def _suffers(self, fault: Fault, args: Json, raw: bytes) -> bool:
        """Whether the request takes effect all the same."""
        if fault.effect == "lose-answer":
            return True
        if fault.effect == "cut-off":
            self.state.store_asset(args["id"], args["name"], raw[: len(raw) // 2], complete=False)
        if fault.effect in {"cut-off", "close"}:
            self.close_connection = True
        elif fault.effect == "rate-limit":
            reset = str(int(self.state.clock) + fault.seconds)
            self._answer(
                403,
                {"message": "API rate limit exceeded"},
                {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset},
            )
        elif fault.effect == "secondary-limit":
            self._answer(429, {"message": "slow down"}, {"retry-after": str(fault.seconds)})
        else:
            self._answer(fault.status, {"message": "Server Error"})
        return False

    def _page(self, answer: object, path: str, query: dict[str, str]) -> None:
        if not isinstance(answer, list):
            return self._answer(201 if self.command == "POST" else 200, answer)
        listed: list[object] = answer
        size = min(int(query.get("per_page", "30")), self.state.page_size)
        page = int(query.get("page", "1"))
        headers = {}
        if len(answer) > page * size:
            following = f"{self.state.url}{path}?{urlencode({**query, 'page': str(page + 1)})}"
            headers["link"] = f'<{following}>; rel="next"'
        return self._answer(200, listed[(page - 1) * size : page * size], headers)

    def _answer(self, status: int, value: object, headers: dict[str, str] | None = None) -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"content-length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)


def _body(endpoint: Endpoint, raw: bytes) -> Json:
    if endpoint.name == "upload_asset":
        return {"data": raw}
    body = json.loads(raw or b"{}")
    wrong = [name for name, value in body.items() if not isinstance(value, endpoint.body.get(name, ()))]
    missing = sorted(endpoint.required - set(body))
    if wrong or missing:
        raise Refused(UNDOCUMENTED, f"{endpoint.name}: undocumented {wrong}, missing {missing}")
    return dict(body)


@contextmanager
def github_api(state: GitHubState) -> Iterator[str]:
    """The URL of the API, such as http://127.0.0.1:40001."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, state)) as server:
        server.daemon_threads = True
        state.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield state.url
        finally:
            server.shutdown()
            thread.join()
