"""`Contents` in the hands of apt and apt-file."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

from jesses.publish.apt.publisher import apt_publisher
from jesses.publish.shared.settings import RepositorySettings
from jesses.signing import openpgp
from jesses.stores.directory import DirectoryStore
from tests.base.naming.test_debian_order import ASCENDING
from tests.engines.deb_root import DebRoot
from tests.engines.engines import run
from tests.support.apt_site import deb_maker


def test_apt_file_finds_what_the_newest_version_has(
    deb_root: Callable[..., DebRoot], http_site: Callable[[Path], str], tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    url, signer = http_site(site), openpgp.ephemeral("Kestrel <kestrel@example.org>")
    with deb_maker(tmp_path) as make:
        for version in ("1.0.0", "2.0.0"):
            apt = apt_publisher(
                RepositorySettings(
                    store=DirectoryStore(site),
                    prefix="apt",
                    url=f"{url}/apt",
                    name="kestrel",
                    signer=signer,
                    clock=lambda: 1700000000,
                ),
                contents=True,
            )
            apt.stage(apt.check([make(version=version, more=(f"/usr/lib/of {version}/x",)), make("other")]))
            apt.verify()
            apt.commit()
    machine = deb_root("plain")
    machine.use_host_sources()
    machine.apt_get("install", "--no-install-recommends", "apt-file")
    machine.root.inside("/etc/apt/sources.list.d/host.list").unlink()
    machine.root.copy(site / "apt/kestrel.asc", "/etc/apt/keyrings/kestrel.asc")
    machine.add_source("kestrel", (site / "apt/kestrel.sources").read_text())
    assert "Contents" in machine.apt_get("update").stdout
    assert machine.root.run("apt-file", "list", "kestrel").stdout.splitlines() == [
        "kestrel: /opt/kestrel",
        "kestrel: /usr/lib/of 2.0.0/x",
        "kestrel: /usr/share/doc/kestrel/changelog.gz",
        "kestrel: /usr/share/doc/kestrel/copyright",
    ]
    assert machine.root.run("apt-file", "search", "opt/other").stdout == "other: /opt/other\n"


def test_dpkg_orders_versions_as_we_do() -> None:
    for one, other in combinations(ASCENDING, 2):
        run("dpkg", "--compare-versions", one, "lt", other)
