"""Packages are tried before they are published: which, where, and what a failure stops."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jesses.base.errors import CommandError, ConfigError, EngineError
from jesses.base.naming.arch import Arch
from tests.support.hawk import PRODUCT
from tests.support.machines import Machines, product_in

TRIAL = """
[trials.debian]
image = "debian:12"
format = "deb"
command = ["hawk", "--greet", "it's me"]
"""
OTHER: Arch = "aarch64" if platform.machine() == "x86_64" else "x86_64"


@dataclass
class FakeContainers:
    fails: bool = False
    calls: list[dict[str, object]] = field(default_factory=list)

    def run(
        self, image: str, argv: Sequence[str], *, platform: str, files: Sequence[Path], network: bool
    ) -> None:
        names = [file.name for file in files if file.is_file()]
        self.calls.append({"image": image, "argv": argv, "files": names, "network": network})
        if self.fails:
            raise CommandError("it does not start", fix="none")


@pytest.fixture
def machines(tmp_path: Path) -> Machines:
    machines = product_in(tmp_path, more=TRIAL)
    machines.containers = FakeContainers()
    return machines


def calls(machines: Machines) -> list[dict[str, object]]:
    assert isinstance(machines.containers, FakeContainers)
    return machines.containers.calls


def own() -> str:
    return f"hawk-1.2.3-{platform.machine()}.deb"


def test_the_packages_for_this_machine_are_installed_used_and_removed_before_anything_is_published(
    machines: Machines,
) -> None:
    machines.build("x86_64", "aarch64")
    machines.build("noarch")
    machines.publish("x86_64-aarch64", "noarch")
    built, _, joined = calls(machines)
    assert (built["image"], built["files"], built["network"]) == ("debian:12", [own()], True)
    assert joined["files"] == [own(), "hawk-doc-1.2.3-noarch.deb"]
    script = (
        "export DEBIAN_FRONTEND=noninteractive\n"
        "apt-get update --quiet\n"
        "apt-get install --quiet --yes --no-install-recommends "
        f"/release/{own()} /release/hawk-doc-1.2.3-noarch.deb\n"
        "hawk --greet 'it'\"'\"'s me'\n"
        "apt-get purge --quiet --yes hawk hawk-doc\n"
    )
    assert joined["argv"] == ["sh", "-euc", script]


def test_packages_that_fail_are_not_published(machines: Machines) -> None:
    machines.build("x86_64", "aarch64", "noarch")
    machines.log.clear()
    machines.containers = FakeContainers(fails=True)
    with pytest.raises(CommandError, match="does not start"):
        machines.publish("x86_64-aarch64-noarch")
    assert machines.log == []


def test_another_machines_packages_are_left_to_it(machines: Machines) -> None:
    machines.containers = None
    machines.build(OTHER)


def test_a_trial_waits_until_all_of_its_packages_are_there(machines: Machines) -> None:
    text = (machines.root / "hawk" / "release.toml").read_text()
    both = text.replace('format = "deb"\n', 'format = "deb"\npackages = ["hawk", "hawk-doc"]\n')
    (machines.root / "hawk" / "release.toml").write_text(both)
    machines.build("x86_64", "aarch64")
    machines.build("noarch")
    assert calls(machines) == []
    machines.publish("x86_64-aarch64", "noarch")
    assert [call["files"] for call in calls(machines)] == [[own(), "hawk-doc-1.2.3-noarch.deb"]]


def test_rpms_are_tried_by_dnf_and_without_a_network_where_that_is_wanted(machines: Machines) -> None:
    rpm = '\n[trials.el]\nimage = "el:9"\nformat = "rpm"\npackages = ["hawk"]\nnetwork = false\n'
    with (machines.root / "hawk" / "release.toml").open("a") as out:
        out.write(rpm)
    machines.build("x86_64", "aarch64", "noarch")
    call = calls(machines)[-1]
    assert (call["image"], call["network"]) == ("el:9", False)
    script = (
        "dnf install --assumeyes --setopt=install_weak_deps=False "
        f"/release/hawk-1.2.3-{platform.machine()}.rpm\n:\ndnf remove --assumeyes hawk\n"
    )
    assert call["argv"] == ["sh", "-euc", script]


def test_an_engine_is_needed_unless_trials_are_left_out(machines: Machines) -> None:
    machines.containers = None
    with pytest.raises(EngineError, match="no Docker engine answers"):
        machines.build("x86_64", "aarch64", "noarch")
    machines.trials = False
    machines.build("x86_64", "aarch64", "noarch")
    machines.publish("x86_64-aarch64-noarch")


@pytest.mark.parametrize(
    ("packages", "problem"), [("falcon", "there is no 'falcon'"), ("hawk", "hawk is not made as deb")]
)
def test_a_trial_of_what_is_not_made_is_a_problem(tmp_path: Path, packages: str, problem: str) -> None:
    only = PRODUCT.replace('build = "agent"\ndescription', 'build = "agent"\nformats = ["rpm"]\ndescription')
    machines = product_in(tmp_path, product=only, more=f'{TRIAL}packages = ["{packages}"]\n')
    with pytest.raises(ConfigError, match=problem):
        machines.build("x86_64")
