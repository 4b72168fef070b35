"""Debian's own sysdig, released by jesses, installed and run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from jesses.base.naming.arch import DEBIAN
from jesses.signing import openpgp_key
from tests.engines.deb_root import Base, DebRoot
from tests.engines.engines import run
from tests.engines.product import SITE_CHANNEL, copy_of
from tests.engines.test_kestrel_release import HOST
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("sysdig")
    key = str(openpgp_key.generate("Sysdig <sysdig@example.org>"))
    product = copy_of(ROOT / "examples" / "sysdig", base / "sysdig", key=key, extra=SITE_CHANNEL)
    product.release(base / "dist", "--channel", "site")
    return product.site


def test_it_is_released_for_both_architectures_with_its_driver(site: Path) -> None:
    for arch in DEBIAN.values():
        if arch != "all":
            text = run("sh", "-c", f"xz -dc {site}/apt/dists/stable/main/binary-{arch}/Packages.xz").stdout
            assert "Package: sysdig\n" in text
            assert "Package: scap-dkms\n" in text
    rpms = sorted(path.name.rsplit("-", 1)[1] for path in (site / "yum" / "packages").glob("*.rpm"))
    assert rpms == ["aarch64.rpm", "noarch.rpm", "x86_64.rpm"]


def test_the_installed_deb_runs(deb_root: Callable[[Base], DebRoot], site: Path) -> None:
    machine = deb_root("plain")
    machine.use_host_sources()
    machine.root.copy(site, "/srv/site")
    key = "/etc/apt/keyrings/sysdig.asc"
    machine.root.copy(site / "apt" / "sysdig.asc", key)
    text = f"Types: deb\nURIs: file:///srv/site/apt\nSuites: stable\nComponents: main\nSigned-By: {key}\n"
    machine.add_source("sysdig", text)
    machine.apt_get("update")
    [wanted] = (site / "apt" / "pool").rglob(f"sysdig-*-{HOST}.deb")
    version = run("dpkg-deb", "--field", wanted, "Version").stdout.strip()
    machine.apt_get("install", "--no-install-recommends", f"sysdig={version}")
    assert "sysdig version 0.29.3" in machine.root.run("sysdig", "--version").stdout
