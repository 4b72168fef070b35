"""From the cut to a release that users see on GitHub, all by the command line, against the stand-in."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from jesses.signing.openpgp_key import generate
from tests.engines.engines import GPG, require, run
from tests.engines.github_api import GitHubState, github_api
from tests.support.paths import ROOT
from tests.support.remote import PRODUCT, Maintainer, Remote

PACKAGE = """
[builds.agent]
component = "userspace"
command = ["sh", "-c", 'mkdir "$JESSES_STAGE/share" && echo "$JESSES_VERSION" > "$JESSES_STAGE/share/hawk"']
[packages.hawk]
component = "userspace"
build = "agent"
description = "A hawk."
contents = [
    { path = "/usr/share/hawk/hawk", staged = "share/hawk" },
    { path = "/usr/share/doc/hawk/copyright", source = "copyright" },
]
[channels.stable]
store = "../site"
url = "https://hawk.example.org/packages"
github = true
"""


@dataclass
class Bench:
    remote: Remote
    state: GitHubState
    ada: Maintainer
    key: str

    def invoke(self, *argv: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "invoke", "--search-root", str(ROOT), *argv],
            cwd=self.ada.root,
            env={
                **os.environ,
                "GITHUB_API_URL": self.state.url,
                "GITHUB_TOKEN": self.state.token,
                "JESSES_SIGNING_KEY": self.key,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert self.state.token not in done.stdout + done.stderr
        return done.stdout

    def content(self, name: str) -> bytes:
        """The bytes of an asset."""
        assets = (asset for assets in self.state.assets.values() for asset in assets)
        return self.state.content[next(asset["id"] for asset in assets if asset["name"] == name)]

    def release(self, dist: str) -> str:
        project = ("--project", str(self.ada.root))
        return self.invoke(
            "release", *project, "--channel", "stable", "--dist", str(self.remote.root.parent / dist)
        )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    remote = Remote(tmp_path)
    configuration = PRODUCT.replace("[project]", '[project]\ngithub = "hawk/hawk"') + PACKAGE
    sha = remote.merge({"release.toml": configuration, "copyright": "MIT\n"}, "new: packages")
    state = GitHubState(branches=remote.root)
    state.passes(sha)
    with github_api(state):
        key = str(generate("Hawk"))
        yield Bench(remote=remote, state=state, ada=remote.maintainer("ada"), key=key)
        assert state.refused == []


def test_a_release_is_cut_published_and_found_again(bench: Bench, tmp_path: Path) -> None:
    project = ("--project", str(bench.ada.root))
    bench.invoke("release.cut", *project, "--component", "userspace", "--yes")
    bench.ada.git("switch", "--quiet", "--detach", "0.1.0")
    bench.state.log.clear()
    shown = bench.invoke("release", *project, "--channel", "stable", "--dry-run", "--json")
    changes = [change["key"] for change in json.loads(shown)["changes"]]
    assert "GitHub hawk/hawk: release 0.1.0: hawk-0.1.0-x86_64.deb" in changes
    assert "GitHub hawk/hawk: the latest release" in changes
    assert not [line for line in bench.state.log if not line.startswith("GET")]
    assert bench.state.releases == []
    assert "GitHub hawk/hawk" in bench.release("first")
    (release,) = bench.state.releases
    assert (release["tag_name"], release["draft"], release["prerelease"]) == ("0.1.0", False, False)
    assert release["id"] == bench.state.latest
    assert "* new: packages" in release["body"]
    assert "sudo apt-get install hawk" in release["body"]
    assert "https://hawk.example.org/packages/yum/hawk.repo" in release["body"]
    names = [asset["name"] for asset in bench.state.assets[release["id"]]]
    assert {"hawk-0.1.0-x86_64.deb", "hawk-0.1.0-aarch64.rpm", "SHA256SUMS", "SHA256SUMS.asc"} <= set(names)

    before = dict(bench.state.content)
    bench.state.log.clear()
    bench.release("second")
    assert bench.state.content == before
    assert not [line for line in bench.state.log if not line.startswith("GET")]

    (line, _) = json.loads(bench.invoke("release.status", *project, "--json"))["lines"]
    places = {(file["place"], file["state"]) for file in line["files"]}
    assert places == {("stable", "visible"), ("GitHub", "visible")}
    found: dict[str, set[tuple[str, str]]] = {}
    for file in line["files"]:
        found.setdefault(file["name"], set()).add((file["place"], file["sha256"]))
    (asset,) = {digest for _, digest in found["hawk-0.1.0-x86_64.rpm"]}
    assert asset == hashlib.sha256(bench.content("hawk-0.1.0-x86_64.rpm")).hexdigest()
    assert {place for place, _ in found["hawk-0.1.0-x86_64.deb"]} == {"stable", "GitHub"}


def test_gpg_verifies_the_tag(bench: Bench, tmp_path: Path) -> None:
    require(GPG)
    bench.invoke("release.cut", "--project", str(bench.ada.root), "--component", "userspace", "--yes")
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    environment = {**os.environ, "GNUPGHOME": str(home)}
    run("gpg", "--batch", "--quiet", "--import", stdin=bench.key, env=environment)
    done = run("git", "verify-tag", "--raw", "0.1.0", cwd=bench.ada.root, env=environment)
    run("gpgconf", "--kill", "all", env=environment, check=False)
    assert "GOODSIG" in done.stderr
