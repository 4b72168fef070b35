"""The merge workflow, really run: by act on this machine, against a store in a directory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jesses.base.resources import workflow_templates
from jesses.signing.openpgp_key import generate
from jesses.tasks.scaffold.workflows import WorkflowSetting, workflows
from jesses.tasks.scaffold.write import write
from tests.support.paths import ROOT
from tests.support.repository import Repository

TOOLS = Path(sys.executable).parent
PINS = {
    "actions/upload-artifact": "330a01c490aca151604b8cf639adc76d48f6c5d4",
    "actions/download-artifact": "634f93cb2916e3fdff6788551b99b062d0335ce0",
    "actions/attest-build-provenance": "977bb373ede98d70efdf65b84cb5f73e068dcc2a",
    "actions/cache": "0057852bfaa89a56745cba8c7296529d2fc39830",
    "aws-actions/configure-aws-credentials": "61815dcd50bd041e203e49132bacad1fd04d2708",
}
STUBS = {
    "actions/upload-artifact": 'mkdir -p "$KEPT/$NAME" && cp -R "$FROM/." "$KEPT/$NAME/"',
    "actions/download-artifact": 'mkdir -p "$FROM" && cp -R "$KEPT/." "$FROM/"',
    "actions/attest-build-provenance": 'sha256sum "$SUMS" > "$KEPT.attested"',
    "actions/cache": 'echo "$KEY" >> "$KEPT.caches"',
    "aws-actions/configure-aws-credentials": "echo no role is configured, so this must not run >&2; exit 1",
}
ACTION = """
name: stub
description: stands for {name}
inputs:
  name: {{default: "", description: n}}
  path: {{default: "", description: p}}
  retention-days: {{default: "", description: r}}
  subject-checksums: {{default: "", description: s}}
  role-to-assume: {{default: "", description: a}}
  aws-region: {{default: "", description: g}}
  key: {{default: "", description: k}}
  restore-keys: {{default: "", description: r}}
runs:
  using: composite
  steps:
    - shell: bash
      env:
        NAME: ${{{{ inputs.name }}}}
        FROM: ${{{{ inputs.path }}}}
        KEY: ${{{{ inputs.key }}}}
        SUMS: ${{{{ inputs.subject-checksums }}}}
        KEPT: {kept}
      run: {command}
"""
BUILD = """#!/bin/sh
mkdir -p "$JESSES_STAGE/root/usr/bin"
echo "$JESSES_ARCH" > "$JESSES_STAGE/root/usr/bin/hawk"
"""


@pytest.fixture
def product(tmp_path: Path) -> Repository:
    """What `invoke init` makes of a repository, with a build, and with a store outside of the checkout."""
    repository = Repository(tmp_path / "hawk")
    repository.git("remote", "add", "origin", "https://github.com/raptors/hawk")
    repository.commit({"README.md": "Sees.\n"})
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "invoke", "--search-root", str(ROOT), "init", "--directory", "."]
    command += ["--jesses", f"jesses @ {ROOT.as_uri()}"]
    subprocess.run(command, cwd=repository.root, env=environment, check=True, capture_output=True)
    text = (repository.root / "release.toml").read_text().replace("../hawk-site", str(tmp_path / "site"))
    setting = WorkflowSetting(invoke="invoke")
    write(repository.root, workflows(workflow_templates(), setting), force=True)
    repository.commit({"release.toml": text, "packaging/build-userspace": BUILD}, "new: releases")
    return repository


def test_a_merge_is_built_on_each_architecture_joined_and_published(
    product: Repository, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    locals_ = []
    for name, command in STUBS.items():
        stub = tmp_path / "stubs" / name.replace("/", "-")
        stub.mkdir(parents=True)
        for place in (stub, stub / "restore"):
            place.mkdir(exist_ok=True)
            (place / "action.yml").write_text(ACTION.format(name=name, kept=kept, command=command))
        locals_ += ["--local-repository", f"{name}@{PINS[name]}={stub}"]
    done = subprocess.run(
        [
            str(TOOLS / "act"), "push", "--workflows", ".github/workflows/merge.yml",
            "--platform", "ubuntu-24.04=-self-hosted", "--platform", "ubuntu-24.04-arm=-self-hosted",
            "--secret", "GITHUB_TOKEN=ghs_unused", "--secret", "JESSES_SIGNING_KEY", "--env", f"PYTHONPATH={ROOT}",
            "--env", f"PATH={TOOLS}:{os.environ['PATH']}", "--concurrent-jobs", "1", *locals_,
        ],
        cwd=product.root,
        env={
            **os.environ,
            "HOME": str(tmp_path / "home"),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "JESSES_SIGNING_KEY": str(generate("Hawk")),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert sorted(path.name for path in kept.iterdir()) == ["built-aarch64", "built-x86_64"]
    site = tmp_path / "site" / "dev"
    assert (site / "apt" / "dists" / "stable" / "InRelease").is_file()
    names = [path.name for path in (site / "files").iterdir()]
    assert sum(name.endswith(".tar.gz") for name in names) == 2
    assert (tmp_path / "kept.attested").is_file()
    caches = [line.rpartition("-")[0] for line in (tmp_path / "kept.caches").read_text().splitlines()]
    assert sorted(caches[:2]) == ["compressed-aarch64", "compressed-x86_64"]
    assert caches[2:] == ["compressed-x86_64", "compressed-aarch64"]
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["dev"]
