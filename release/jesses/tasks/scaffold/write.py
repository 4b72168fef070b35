"""The files that a product needs to be released, from what is known of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from jesses.tasks.scaffold.facts import DriverFacts, RepositoryFacts

COPYRIGHT: Final = Path("packaging/copyright")
TASKS: Final = '''"""Releases of this product: `invoke --list`."""

from jesses.tasks import make_namespace

namespace = make_namespace()
'''
_PROJECT: Final = """\
# How this product is released. What stands here was found in the repository: look it over.
[project]
name = {name}
summary = {summary}
homepage = {homepage}
license = {license}
maintainer = {maintainer}
vendor = {vendor}
{github}"""
_USERSPACE: Final = """\
[components.userspace]
tag = {tag}

[builds.userspace]
component = "userspace"
command = ["packaging/build-userspace"]

[packages.{name}]
component = "userspace"
build = "userspace"
description = {description}
contents = [
    {{ path = "/", staged = "root" }},
{copyright}]
"""
_DRIVER: Final = """\
[components.driver]
tag = {tag}
{contract}paths = [{directory}]

[builds.driver]
component = "driver"
command = ["packaging/build-driver"]
architectures = ["noarch"]

[packages.{package}]
component = "driver"
build = "driver"
formats = ["deb", "rpm"]
description = {description}
depends = ["dkms"]
dkms = {module}
contents = [
    {{ path = {sources}, staged = "driver" }},
{copyright}]
"""
_SHELL: Final = "#!/bin/sh\n# {what}\nset -eu\n{lines}\n"


def files(facts: RepositoryFacts, requirement: str) -> dict[Path, str]:
    """What to write, by its path in the product; what begins with `#!` is to be executable.

    `requirement` is the jesses that the product installs, as pip has it.
    """
    made = {
        Path("release.toml"): _configuration(facts),
        Path("tasks.py"): TASKS,
        COPYRIGHT: (
            "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"
            f"Files: *\nCopyright: {facts.maintainer}\nLicense: {facts.license}\n"
        ),
        Path("packaging/build-userspace"): _SHELL.format(
            what="Fills $JESSES_STAGE/root for $JESSES_ARCH; docs/configuration.md of jesses says more.",
            lines=facts.build,
        ),
    }
    if facts.driver:
        made[Path("packaging/build-driver")] = _SHELL.format(
            what="Puts the driver's sources into $JESSES_STAGE/driver.",
            lines=f'mkdir "$JESSES_STAGE/driver"\ncp -R {facts.driver.directory}/. "$JESSES_STAGE/driver"',
        )
    if not facts.has_requirements:
        made[Path("requirements.txt")] = f"{requirement}\n"
    return made


def write(directory: Path, made: Mapping[Path, str], *, force: bool) -> tuple[list[Path], list[Path]]:
    """Write files; those that were written, and those that are there and stay as they are."""
    written, kept = [], []
    for name, text in made.items():
        path = directory / name
        if path.exists() and not force:
            kept.append(name)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755 if text.startswith("#!") else 0o644)
        written.append(name)
    return written, kept


def _configuration(facts: RepositoryFacts) -> str:
    tables = [_project(facts), _userspace(facts)]
    if facts.driver:
        tables.append(_driver(facts, facts.driver))
    tables += [_trial(facts), _channels(facts)]
    return "\n".join(tables)


def _project(facts: RepositoryFacts) -> str:
    return _PROJECT.format(
        name=_text(facts.name),
        summary=_text(facts.summary),
        homepage=_text(facts.homepage),
        license=_text(facts.license),
        maintainer=_text(facts.maintainer),
        vendor=_text(facts.maintainer.partition(" <")[0]),
        github=f"github = {_text(facts.github)}\n" if facts.github else "",
    )


def _userspace(facts: RepositoryFacts) -> str:
    return _USERSPACE.format(
        tag=_text(facts.tag),
        name=_text(facts.name),
        description=_text(f"{facts.summary}."),
        copyright=_copyright(facts.name),
    )


def _driver(facts: RepositoryFacts, driver: DriverFacts) -> str:
    contract = f'bump = "contract"\ncontract = {json.dumps(list(driver.contract))}\n'
    return _DRIVER.format(
        tag=_text(f"{facts.tag}+driver"),
        contract=contract if driver.contract else "",
        directory=_text(driver.directory),
        package=_text(f"{facts.name}-dkms"),
        description=_text(f"The kernel driver of {facts.name}, as source for DKMS."),
        module=_text(facts.name),
        sources=_text(f"/usr/src/{facts.name}-{{version}}"),
        copyright=_copyright(f"{facts.name}-dkms"),
    )


def _trial(facts: RepositoryFacts) -> str:
    return (
        "# Packages can be installed, used and removed in a container before they are published.\n"
        '# [trials.debian]\n# image = "debian:12"\n# format = "deb"\n'
        f'# packages = [{_text(facts.name)}]\n# command = [{_text(facts.name)}, "--version"]\n'
    )


def _copyright(package: str) -> str:
    """Debian Policy 12.5 wants it in every DEB."""
    path = f"/usr/share/doc/{package}/copyright"
    return f'    {{ path = "{path}", source = "{COPYRIGHT}", formats = ["deb"] }},\n'


def _channels(facts: RepositoryFacts) -> str:
    github = "github = true\n" if facts.github else ""
    return (
        "# Where each kind of release goes: a local directory until you name a better place.\n"
        + "\n".join(
            f"[channels.{name}]\nstore = {_text(f'../{facts.name}-site/{name}')}\n{extra}"
            for name, extra in (("dev", ""), ("prerelease", github), ("stable", github))
        )
    )


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are a part of TOML's."""
    return json.dumps(value, ensure_ascii=False)
