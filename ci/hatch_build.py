"""What the build of a wheel adds to it: which repository and commit it was built from, for `invoke init`."""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class OriginHook(BuildHookInterface[Any]):
    """Writes `jesses/origin.json`; a tree that is no git checkout has none."""

    PLUGIN_NAME = "custom"
    _directory: tempfile.TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 -- hatchling's
        origin = {"url": self._git("remote", "get-url", "origin"), "commit": self._git("rev-parse", "HEAD")}
        if not all(origin.values()):
            return
        self._directory = tempfile.TemporaryDirectory(prefix="jesses-origin-")
        path = Path(self._directory.name) / "origin.json"
        path.write_text(json.dumps(origin) + "\n", encoding="utf-8")
        path.chmod(0o644)
        build_data["force_include"][str(path)] = "jesses/origin.json"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        if self._directory:
            self._directory.cleanup()

    def _git(self, *argv: str) -> str:
        done = subprocess.run(
            ["git", *argv],  # noqa: S607 -- git is found on the PATH
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip()
