"""The notes of a version that is tagged already."""

from pathlib import Path

import pytest
from semver import Version

from jesses.base.errors import HistoryError
from jesses.history.git import run_git
from jesses.publish.github.notes import notes_of
from tests.support.remote import Maintainer, Remote

pytestmark = pytest.mark.process


def notes(ada: Maintainer, component: str, version: str) -> str:
    context = ada.context(run_git)
    return notes_of(component, Version.parse(version), context.config.components, context.clone, {})


def test_a_release_has_the_section_of_its_changelog_and_a_candidate_what_is_new(tmp_path: Path) -> None:
    remote = Remote(tmp_path)
    ada = remote.maintainer()
    ada.cut("userspace")
    assert notes(ada, "userspace", "0.1.0") == remote.text("0.1.0").partition("# Changelog\n\n")[2] + "\n"
    remote.accept("changelog/0.1.0")
    remote.merge({"a.c": "1\n"}, "fix: one")
    remote.merge({"driver/a.c": "1\n"}, "fix: two")
    ada.cut("userspace", stage="rc")
    text = notes(ada, "userspace", "0.2.0-rc1")
    assert text.startswith("## 0.2.0-rc1\n")
    assert "* fix: one" in text
    assert "fix: two" not in text
    assert "a hawk" not in text
    assert remote.text("0.2.0-rc1") == remote.text("main")


def test_a_tag_that_is_not_there_is_told(tmp_path: Path) -> None:
    ada = Remote(tmp_path).maintainer()
    with pytest.raises(HistoryError, match="git rev-parse failed"):
        notes(ada, "userspace", "9.9.9")
