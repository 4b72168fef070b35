from pathlib import Path

import pytest

from jesses.base.errors import PayloadError
from jesses.base.package import Trigger
from jesses.base.resources import packaging_data
from jesses.package.scripts import WantedSnippets, compose, read


@pytest.fixture
def snippets(tmp_path: Path) -> Path:
    for name, text in {
        "deb/systemd.postinst": "enable @UNITS@\n",
        "deb/systemd.prerm": "stop @UNITS@\n",
        "deb/dkms.postinst": "dkms add @NAME@/@VERSION@\n",
        "rpm/systemd.post": "preset @UNITS@\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_snippets_come_before_the_products_own_text_after_a_change(snippets: Path) -> None:
    scripts = compose(
        "deb",
        snippets,
        WantedSnippets(services=("k.service", "k.timer"), dkms=("k", "1.0.0")),
        own={"postinst": "own\n"},
    )
    assert scripts["postinst"] == "#!/bin/sh\nset -e\nenable k.service k.timer\ndkms add k/1.0.0\nown\n"


def test_the_products_own_text_comes_first_before_a_change(snippets: Path) -> None:
    scripts = compose("deb", snippets, WantedSnippets(services=("k.service",)), own={"prerm": "own\n"})
    assert scripts["prerm"] == "#!/bin/sh\nset -e\nown\nstop k.service\n"


def test_a_package_without_services_modules_or_scripts_has_none(snippets: Path) -> None:
    assert compose("deb", snippets, WantedSnippets(), own={}) == {}
    assert compose("rpm", snippets, WantedSnippets(services=("k.service",)), own={}) == {
        "post": "#!/bin/sh\nset -e\npreset k.service\n"
    }


def test_a_script_that_a_product_brings_loses_its_first_line(tmp_path: Path) -> None:
    for first in ("#!/bin/sh", "#! /bin/sh -e", "#!/bin/sh -eu"):
        (tmp_path / "own").write_text(f"{first}\n# größe\ntrue\n", encoding="utf-8")
        assert read(tmp_path / "own") == "# größe\ntrue\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"#!/bin/bash\n", "asks for /bin/bash"),
        (b"#!/usr/bin/env python3\n", "asks for /usr/bin/env python3"),
        (b"#!\n", "asks for nothing"),
        (b"#!/bin/shell\n", "asks for /bin/shell"),
        (b"echo\n", "names no interpreter"),
        (b"", "names no interpreter"),
        (b"#!/bin/sh\r\necho\r\n", "has Windows line endings"),
        (b"#!/bin/sh\n\xff\n", "cannot read the script"),
    ],
)
def test_a_script_that_would_not_run_is_an_error(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "own").write_bytes(content)
    with pytest.raises(PayloadError, match=message):
        read(tmp_path / "own")


def test_purging_takes_away_what_the_program_made() -> None:
    wanted = WantedSnippets(ghosts=("/var/lib/k/a b", "/var/lib/k/state", "/top"))
    [(name, text)] = compose("deb", packaging_data() / "snippets", wanted, own={}).items()
    assert name == "postrm"
    assert "rm -f '/var/lib/k/a b' /var/lib/k/state /top\n" in text
    assert "rmdir --ignore-fail-on-non-empty / /var/lib/k " in text


def test_a_trigger_of_a_deb_runs_in_a_shell_of_its_own() -> None:
    wanted = WantedSnippets(triggers=(Trigger(path="/usr/lib/k", script="exit 0\n"),))
    [(name, text)] = compose("deb", packaging_data() / "snippets", wanted, own={}).items()
    assert name == "postinst"
    assert '*" /usr/lib/k "*)\n\t\t(\nexit 0\n\t\t)\n' in text
