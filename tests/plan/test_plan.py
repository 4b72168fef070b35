import json

import pytest
from semver import Version

from jesses.base.errors import VersionError
from jesses.config import Config, load
from jesses.history.git_history import Commit
from jesses.plan.plan import make_plan
from jesses.plan.versions import ComponentVersion
from tests.support.paths import KESTREL


@pytest.fixture
def config() -> Config:
    return load(KESTREL)


def version(component: str, text: str) -> ComponentVersion:
    return ComponentVersion(
        component=component,
        version=Version.parse(text),
        commit=Commit(sha="c" * 40, date=1),
        tag=None,
        dirty=False,
        reasons=("because",),
    )


VERSIONS = {
    "userspace": version("userspace", "0.2.0-3+abcdef0"),
    "driver": version("driver", "1.0.0-1+abcdef0-driver"),
}


def test_every_package_is_planned_for_each_format_and_architecture_under_its_own_version(
    config: Config,
) -> None:
    names = [package.file_name for package in make_plan(config, VERSIONS).packages]
    assert sorted(names) == sorted(
        [
            *(
                f"kestrel-0.2.0-3_abcdef0-{arch}{suffix}"
                for arch in ("x86_64", "aarch64")
                for suffix in SUFFIXES
            ),
            *(f"kestrel-dbg-0.2.0-3_abcdef0-{arch}.deb" for arch in ("x86_64", "aarch64")),
            *(f"kestrel-debuginfo-0.2.0-3_abcdef0-{arch}.rpm" for arch in ("x86_64", "aarch64")),
            *(f"kestrel-0.2.0-3_abcdef0-static-{arch}.tar.gz" for arch in ("x86_64", "aarch64")),
            *(f"kestrel-dkms-1.0.0-1_abcdef0-driver-noarch{suffix}" for suffix in (".deb", ".rpm")),
            "kestrel-driver-1.0.0-1_abcdef0-driver-noarch.tar.gz",
        ]
    )


SUFFIXES = (".tar.gz", ".deb", ".rpm")


def test_file_names_hold_nothing_that_a_store_or_a_shell_would_change(config: Config) -> None:
    plan = make_plan(config, VERSIONS)
    names = [package.file_name for package in plan.packages]
    names += [name for image in plan.images for name in image.archives.values()]
    assert all(name.replace("-", "").replace(".", "").replace("_", "").isalnum() for name in names)


def test_every_kind_of_package_has_exactly_one_destination(config: Config) -> None:
    plan = make_plan(config, VERSIONS)
    for kind in ("tarball", "deb", "rpm"):
        assert sum(kind in place.takes for place in plan.destinations) == 1


def test_a_plan_is_data(config: Config) -> None:
    data = json.loads(json.dumps(make_plan(config, VERSIONS).as_data()))
    assert data["versions"]["driver"] == {
        "version": "1.0.0-1+abcdef0-driver",
        "tag": None,
        "commit": "c" * 40,
        "date": 1,
        "dirty": False,
        "exported": False,
        "reasons": ["because"],
        "evidence": None,
    }
    assert [build["arch"] for build in data["builds"]] == [*(2 * ("x86_64", "aarch64")), "noarch"]


def test_every_semver_has_a_name_in_every_format(config: Config) -> None:
    plan = make_plan(config, {"userspace": version("userspace", "1.0.0-foo.1")})
    names = {package.file_name for package in plan.packages}
    assert {f"kestrel-1.0.0-foo.1-x86_64{suffix}" for suffix in SUFFIXES} <= names


def test_a_version_that_no_image_tag_can_hold_is_refused_while_planning(config: Config) -> None:
    with pytest.raises(VersionError, match="has 136 characters, and an image tag at most 128") as refusal:
        make_plan(config, {"userspace": version("userspace", f"1.0.0-{'a' * 130}")})
    assert refusal.value.fix == "use 1.0.0-rc.1"
    bare = Config(project=config.project, components=config.components)
    with pytest.raises(VersionError, match="an image tag at most 128"):
        make_plan(bare, {"userspace": version("userspace", f"1.0.0-{'a' * 130}")})
