import re

from jesses.base.resources import workflow_templates
from jesses.tasks.scaffold.workflows import JESSES, PRODUCT, workflows
from tests.support.paths import ROOT


def test_the_workflows_of_this_repository_are_those_of_the_templates() -> None:
    """`./inv workflows` writes them."""
    made = workflows(workflow_templates(), JESSES)
    there = {path.relative_to(ROOT): path.read_text() for path in (ROOT / ".github/workflows").iterdir()}
    assert there == made


def test_every_action_is_pinned_by_commit_and_says_its_version() -> None:
    for text in workflows(workflow_templates(), PRODUCT).values():
        uses = re.findall(r"uses: (.*)", text)
        assert uses
        for line in uses:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_nothing_is_left_to_fill_in_and_secrets_are_where_they_belong() -> None:
    made = workflows(workflow_templates(), PRODUCT)
    for path, text in made.items():
        assert not re.search(r"<[a-z-]+>|# \[", text), path
        build, _, publish = text.partition("\n  publish:\n")
        assert "secrets." not in build
        assert ("secrets." in publish) == (path.name != "pull-request.yml")
        assert "permissions: {}" in text
        assert ("cancel-in-progress: true" in text) == (path.name == "pull-request.yml")
