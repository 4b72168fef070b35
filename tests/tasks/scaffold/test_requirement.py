import json
from pathlib import Path

import pytest

from jesses.base.errors import ConfigError
from jesses.tasks.scaffold.requirement import Origin, own_requirement
from tests.support.repository import Repository

COMMIT = "0123456789" * 4


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://example.org/tools/jesses.git", "https://example.org/tools/jesses.git"),
        ("https://ada:canary-secret@example.org/jesses", "https://example.org/jesses"),
        ("git@example.org:tools/jesses.git", "ssh://git@example.org/tools/jesses.git"),
        ("ssh://git@example.org:22/jesses", "ssh://git@example.org:22/jesses"),
        ("/srv/git/jesses", "file:///srv/git/jesses"),
        ("file:///srv/git/jesses", "file:///srv/git/jesses"),
    ],
)
def test_an_address_is_one_that_pip_takes_and_holds_no_password(url: str, wanted: str) -> None:
    assert Origin(url=url, commit=COMMIT).requirement == f"jesses @ git+{wanted}@{COMMIT}"


def test_a_wheel_knows_what_it_was_built_from(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "jesses"
    package.mkdir(parents=True)
    (package / "origin.json").write_text(json.dumps({"url": "https://example.org/jesses", "commit": COMMIT}))
    assert own_requirement(package) == f"jesses @ git+https://example.org/jesses@{COMMIT}"


@pytest.mark.process
def test_a_checkout_knows_its_remote_and_commit(tmp_path: Path) -> None:
    checkout = Repository(tmp_path / "jesses")
    checkout.git("remote", "add", "origin", "https://example.org/jesses")
    commit = checkout.commit({"release/jesses/__init__.py": ""})
    package = checkout.root / "release" / "jesses"
    assert own_requirement(package) == f"jesses @ git+https://example.org/jesses@{commit}"


@pytest.mark.process
@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"url": 1, "commit": 2}', '{"url": "https://x/y", "commit": "main"}']
)
def test_a_bare_name_is_never_written(tmp_path: Path, text: str) -> None:
    package = tmp_path / "release" / "jesses"
    package.mkdir(parents=True)
    (package / "origin.json").write_text(text)
    with pytest.raises(ConfigError, match="a bare name is anybody's") as caught:
        own_requirement(package)
    assert "--jesses" in caught.value.fix
