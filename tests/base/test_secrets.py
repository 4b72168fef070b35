from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jesses.base.secrets import Secrets, for_commands, withheld
from tests.support.credentials import NAMED_IN_THE_DOCUMENTATION

KEY = """-----BEGIN PGP PRIVATE KEY BLOCK-----

xcLYBGkxLinesOfAKey
=abcd
-----END PGP PRIVATE KEY BLOCK-----
"""


@pytest.mark.parametrize("name", NAMED_IN_THE_DOCUMENTATION)
def test_every_credential_of_the_documentation_is_kept_from_commands_and_hidden(name: str) -> None:
    environment = {name: "canary-7f3a", "PATH": "/bin"}
    assert for_commands(environment) == {"PATH": "/bin"}
    assert Secrets.of(environment).hide("it says canary-7f3a here") == "it says *** here"


@pytest.mark.parametrize("name", ["PATH", "HOME", "LANG", "CC", "CFLAGS", "MAKEFLAGS", "KEYBOARD", "MONKEY"])
def test_what_builds_need_is_left(name: str) -> None:
    assert not withheld(name)


def test_a_build_gets_what_it_asks_for_by_name() -> None:
    environment = {"NPM_TOKEN": "canary-1", "AWS_PROFILE": "work", "CC": "cc"}
    assert for_commands(environment, ["NPM_TOKEN", "NOT_SET"]) == {"NPM_TOKEN": "canary-1", "CC": "cc"}


def test_a_key_is_hidden_line_by_line_and_its_frame_is_not() -> None:
    secrets = Secrets.of({"JESSES_SIGNING_KEY": KEY})
    assert secrets.hide(f"before\n{KEY}after") == "before\n***after"
    assert secrets.hide("> xcLYBGkxLinesOfAKey") == "> ***"
    assert secrets.hide("-----BEGIN PGP PRIVATE KEY BLOCK-----") == "-----BEGIN PGP PRIVATE KEY BLOCK-----"


def test_a_secret_in_a_file_is_hidden_and_the_path_is_not(tmp_path: Path) -> None:
    path = tmp_path / "key.asc"
    path.write_text(KEY)
    secrets = Secrets.of(
        {"JESSES_SIGNING_KEY_FILE": str(path), "JESSES_COSIGN_KEY_FILE": str(tmp_path / "none")}
    )
    assert secrets.hide(f"{path}: xcLYBGkxLinesOfAKey") == f"{path}: ***"


def test_a_short_value_stands_for_itself_in_too_many_texts() -> None:
    assert Secrets.of({"SOME_TOKEN": "1"}).hide("1 of 11") == "1 of 11"


@given(st.lists(st.text("ab-", min_size=6), max_size=4), st.text("ab-", max_size=40))
def test_nothing_of_a_secret_is_left_however_they_overlap(values: list[str], text: str) -> None:
    secrets = Secrets.of({f"A{at}_TOKEN": value for at, value in enumerate(values)})
    hidden = secrets.hide(text + "".join(values))
    assert not [value for value in secrets.values if value in hidden]
