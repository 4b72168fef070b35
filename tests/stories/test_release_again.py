"""A component that did not change, in later releases: the same bytes, from the store or from its own commit."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from jesses.base.errors import StoreError
from jesses.history.ci import LOCAL
from jesses.history.git import GitReader
from jesses.history.git_history import GitHistory
from jesses.pipeline import session
from jesses.pipeline.options import Options
from jesses.plan.product import Product, open_product
from jesses.signing import openpgp_key
from tests.support.hawk import PROJECT
from tests.support.repository import Repository

pytestmark = pytest.mark.process

CONFIGURATION = (
    PROJECT
    + """
[components.userspace]
[components.driver]
tag = "{version}+driver"
bump = "contract"
contract = ["driver/API_VERSION"]
paths = ["driver"]
[builds.agent]
component = "userspace"
command = ["sh", "build.sh", "userspace/hawk.c"]
architectures = ["x86_64"]
[builds.driver]
component = "driver"
command = ["sh", "build.sh", "driver/hawk.c"]
architectures = ["noarch"]
[packages.hawk]
component = "userspace"
build = "agent"
description = "A hawk."
formats = ["tarball"]
contents = [{ path = "/usr/bin/hawk", staged = "made" }]
[packages.hawk-dkms]
component = "driver"
build = "driver"
description = "The driver of a hawk."
contents = [
    { path = "/usr/src/hawk/hawk.c", staged = "made" },
    { path = "/usr/share/doc/hawk-dkms/copyright", source = "packaging/copyright" },
]
[packages.hawk-dkms.deb]
scripts = { postinst = "packaging/postinst" }
[channels.dev]
store = "../site"
"""
)

BUILD = """
echo "$JESSES_COMPONENT" >> "$HAWK_LOG"
cat "$1" > "$JESSES_STAGE/made"
git rev-parse HEAD >> "$JESSES_STAGE/made"
"""


class Silent:
    def step(self, name: str) -> None: ...

    def progress(self, text: str) -> None: ...

    def command(self, line: str) -> None: ...

    def upload(self, key: str, sent: int, total: int) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Hawk:
    """The product in its repository, and the place beside it for what is released."""

    repository: Repository

    @property
    def root(self) -> Path:
        return self.repository.root

    def open(self) -> Product:
        with GitReader(self.root) as git:
            return open_product(self.root, GitHistory(git), LOCAL)

    def release(self, *, channel: str | None, key: str = "") -> dict[str, dict[str, str]]:
        """The rows of `artifacts.json` that belong to the driver, by path."""
        dist = self.root.parent / "dist"
        session.release(
            self.open(),
            dist,
            Options(channel=channel, sign=bool(key)),
            Silent(),
            {**os.environ, "HAWK_LOG": str(self._log), "JESSES_SIGNING_KEY": key},
        )
        rows = json.loads((dist / "artifacts.json").read_text())["artifacts"]
        return {row["path"]: row for row in rows if row["component"] == "driver"}

    @property
    def _log(self) -> Path:
        return self.root.parent / "built"

    def built(self) -> list[str]:
        """The components that were built since this was asked last."""
        names = self._log.read_text().split()
        self._log.unlink()
        return sorted(names)


@pytest.fixture
def hawk(tmp_path: Path) -> Hawk:
    repository = Repository(tmp_path / "hawk")
    repository.commit(
        {
            "release.toml": CONFIGURATION,
            "build.sh": BUILD,
            "userspace/hawk.c": "one",
            "driver/hawk.c": "one",
            "driver/API_VERSION": "1.0.0\n",
            "packaging/copyright": "MIT\n",
            "packaging/postinst": "#!/bin/sh\necho installed\n",
        }
    )
    return Hawk(repository=repository)


def change_everything_but_the_driver(hawk: Hawk) -> None:
    """What follows changes userspace, how the driver is packaged, and how it is built."""
    text = CONFIGURATION.replace("The driver of a hawk.", "Another text.").replace('"noarch"', '"x86_64"')
    hawk.repository.commit(
        {
            "release.toml": text.replace("[packages.hawk-dkms]", '[packages.hawk-dkms]\nformats = ["deb"]')
            + '[compression]\ndeb = "xz"\nrpm = "xz"\n',
            "build.sh": BUILD + 'echo "built otherwise" >> "$JESSES_STAGE/made"\n',
            "userspace/hawk.c": "two",
            "packaging/copyright": "MIT, still\n",
            "packaging/postinst": "#!/bin/sh\necho installed otherwise\n",
        }
    )


def digests(rows: dict[str, dict[str, str]]) -> dict[str, str]:
    return {path: row["sha256"] for path, row in rows.items()}


def kinds(rows: dict[str, dict[str, str]]) -> list[str]:
    return sorted(row["kind"] for row in rows.values())


EVERYTHING = ["deb", "rpm", "sbom", "sbom", "sbom", "tarball"]


@pytest.mark.parametrize("tagged", [True, False])
def test_from_its_own_commit_it_is_the_same_in_every_byte(hawk: Hawk, *, tagged: bool) -> None:
    if tagged:
        hawk.repository.git("tag", "1.0.0+driver")
    first = hawk.release(channel=None)
    assert kinds(first) == EVERYTHING
    change_everything_but_the_driver(hawk)
    assert digests(hawk.release(channel=None)) == digests(first)
    assert hawk.built() == ["driver", "driver", "userspace", "userspace"]


@pytest.fixture(scope="module")
def key() -> str:
    return str(openpgp_key.generate("H <h@example.org>"))


@pytest.mark.parametrize("tagged", [True, False])
def test_from_the_store_it_is_not_even_built_or_signed_again(hawk: Hawk, key: str, *, tagged: bool) -> None:
    if tagged:
        hawk.repository.git("tag", "1.0.0+driver")
    first = hawk.release(channel="dev", key=key)
    assert hawk.built() == ["driver", "userspace"]
    change_everything_but_the_driver(hawk)
    assert hawk.release(channel="dev", key=key) == first
    assert hawk.built() == ["userspace"]
    dist, site = hawk.root.parent / "dist", hawk.root.parent / "site"
    for row in first.values():
        digest = row["signed_sha256"] or row["sha256"]
        assert hashlib.sha256((dist / row["path"]).read_bytes()).hexdigest() == digest
    assert len(list(site.rglob("hawk-dkms-*.rpm"))) == 1


def test_a_store_that_lost_its_record_takes_the_same_bytes_again(hawk: Hawk) -> None:
    first = hawk.release(channel="dev")
    record = next((hawk.root.parent / "site" / "journal" / "hawk" / "released" / "driver").glob("*.json"))
    record.unlink()
    change_everything_but_the_driver(hawk)
    assert digests(hawk.release(channel="dev")) == digests(first)
    assert record.exists()


def test_the_plan_says_what_is_released_already(hawk: Hawk) -> None:
    hawk.release(channel="dev")
    change_everything_but_the_driver(hawk)
    plan = session.plan(hawk.open(), "dev")
    assert {package.component for package in plan.packages if package.released} == {"driver"}
    assert len([package for package in plan.packages if package.released]) == 3
    assert [build.component for build in plan.builds] == ["userspace"]


def test_what_was_damaged_in_the_store_is_refused(hawk: Hawk) -> None:
    hawk.release(channel="dev")
    change_everything_but_the_driver(hawk)
    damaged = next((hawk.root.parent / "site").rglob("hawk-dkms-*.tar.gz"))
    damaged.write_bytes(b"other")
    with pytest.raises(StoreError, match=rf"files/{damaged.name} is not what was released") as caught:
        hawk.release(channel="dev")
    assert "remove journal/hawk/released/driver/" in caught.value.fix


def test_a_commit_that_does_not_describe_the_component_is_packaged_as_it_is_described_now(
    hawk: Hawk,
) -> None:
    hawk.repository.git("rm", "--quiet", "--cached", "release.toml")
    hawk.repository.git("commit", "--quiet", "--amend", "--message", "before jesses")
    hawk.repository.git("tag", "1.0.0+driver")
    hawk.repository.commit({"release.toml": CONFIGURATION})
    product = hawk.open()
    assert product.versions["driver"].tag == "1.0.0+driver"
    assert product.versions["driver"].reasons[-1].endswith("packaged as release.toml says now")
    assert kinds(hawk.release(channel=None)) == EVERYTHING


def test_what_is_not_committed_outside_of_the_driver_does_not_get_into_it(hawk: Hawk) -> None:
    hawk.repository.git("tag", "1.0.0+driver")
    first = hawk.release(channel=None)
    hawk.repository.write({"packaging/copyright": "not committed\n"})
    assert hawk.open().versions["driver"].exported
    assert digests(hawk.release(channel=None)) == digests(first)


def test_a_driver_in_another_repository_is_made_from_there(hawk: Hawk, tmp_path: Path) -> None:
    libs = Repository(tmp_path / "libs")
    files = ("build.sh", "driver/hawk.c", "driver/API_VERSION", "packaging/copyright", "packaging/postinst")
    libs.commit({name: (hawk.root / name).read_text() for name in files})
    libs.git("tag", "3.0.0+driver")
    text = CONFIGURATION.replace("[components.driver]", '[components.driver]\nrepository = "../libs"')
    hawk.repository.git("rm", "--quiet", "-r", "driver", "packaging")
    hawk.repository.commit({"release.toml": text})
    hawk.repository.git("tag", "0.1.0")
    hawk.repository.git("tag", "9.9.9+driver")
    product = hawk.open()
    assert {name: str(value.version) for name, value in product.versions.items()} == {
        "userspace": "0.1.0",
        "driver": "3.0.0",
    }
    first = hawk.release(channel=None)
    libs.commit({"userspace/other.c": "x", "packaging/copyright": "changed\n"})
    assert hawk.open().versions["driver"].exported
    assert digests(hawk.release(channel=None)) == digests(first)
    libs.commit({"driver/hawk.c": "two"})
    assert str(hawk.open().versions["driver"].version).startswith("3.0.1-2+")
