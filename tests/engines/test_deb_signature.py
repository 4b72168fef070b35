"""DEB files with a signature inside, in the hands of debsig-verify and dpkg."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jesses.package.formats import deb_signature
from jesses.signing import Signer, openpgp
from tests.engines.debs import Build, DebRoots, agent, builder
from tests.engines.engines import DEBSIG, require, run

POLICY = """\
<?xml version="1.0"?>
<!DOCTYPE Policy SYSTEM "https://www.debian.org/debsig/1.0/policy.dtd">
<Policy xmlns="https://www.debian.org/debsig/1.0/">
  <Origin Name="kestrel" id="{key}" Description="Kestrel"/>
  <Selection><Required Type="origin" File="kestrel.gpg" id="{key}"/></Selection>
  <Verification MinOptional="0"><Required Type="origin" File="kestrel.gpg" id="{key}"/></Verification>
</Policy>
"""


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    with builder(tmp_path) as build:
        yield build


@pytest.fixture(scope="module")
def signer() -> Signer:
    return openpgp.ephemeral("Kestrel <kestrel@example.org>")


def checked(path: Path, signer: Signer, directory: Path) -> tuple[int, str]:
    """How debsig-verify ends with `path`, if it trusts the key of `signer`."""
    for key in (signer.fingerprint, signer.fingerprint[-16:]):
        for kind, name, content in (
            ("policies", "kestrel.pol", POLICY.format(key=key).encode()),
            ("keyrings", "kestrel.gpg", signer.public_key),
        ):
            place = directory / kind / key
            place.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
    run("gpg", "--dearmor", "--yes", "--output", directory / "binary", stdin=signer.public_key.decode())
    for keyring in (directory / "keyrings").glob("*/kestrel.gpg"):
        keyring.write_bytes((directory / "binary").read_bytes())
    options = ("--policies-dir", directory / "policies", "--keyrings-dir", directory / "keyrings")
    done = run("debsig-verify", "-v", *options, path, check=False)
    return done.returncode, done.stdout + done.stderr


def test_debsig_verify_accepts_it_and_dpkg_installs_it(
    deb_root: DebRoots, build: Build, signer: Signer, tmp_path: Path
) -> None:
    require(DEBSIG)
    path = build(agent()).path
    assert checked(path, signer, tmp_path / "debsig")[0] == 10  # no signature
    deb_signature.sign(path, signer)
    code, output = checked(path, signer, tmp_path / "debsig")
    assert code == 0, output
    machine = deb_root("plain")
    machine.install_files(path)
    assert machine.root.run("kestrel").stdout == "1.0.0\n"


def test_debsig_verify_refuses_what_was_changed(build: Build, signer: Signer, tmp_path: Path) -> None:
    require(DEBSIG)
    path = build(agent()).path
    deb_signature.sign(path, signer)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    code, output = checked(path, signer, tmp_path / "debsig")
    assert code == 13, output  # bad signature
