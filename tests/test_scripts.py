from pathlib import Path

import pytest

from release.scripts import compose


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
        own={"postinst": "#!/bin/sh\nown\n"},
        services=("k.service", "k.timer"),
        dkms=("k", "1.0.0"),
    )
    assert scripts["postinst"] == "#!/bin/sh\nset -e\nenable k.service k.timer\ndkms add k/1.0.0\nown\n"


def test_the_products_own_text_comes_first_before_a_change(snippets: Path) -> None:
    scripts = compose("deb", snippets, own={"prerm": "own\n"}, services=("k.service",))
    assert scripts["prerm"] == "#!/bin/sh\nset -e\nown\nstop k.service\n"


def test_a_package_without_services_modules_or_scripts_has_none(snippets: Path) -> None:
    assert compose("deb", snippets, own={}) == {}
    assert compose("rpm", snippets, own={}, services=("k.service",)) == {
        "post": "#!/bin/sh\nset -e\npreset k.service\n"
    }
