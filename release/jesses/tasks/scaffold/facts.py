"""What is found in a repository: names, licence, tags, how it is built, where its driver is."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jesses.history.git import RunGit

_LICENSES: Final = (
    ("Apache License", "Apache-2.0"),
    ("MIT License", "MIT"),
    ("Permission is hereby granted, free of charge", "MIT"),
    ("GNU LESSER GENERAL PUBLIC LICENSE", "LGPL-2.1-only"),
    ("GNU GENERAL PUBLIC LICENSE\n                       Version 2", "GPL-2.0-only"),
    ("GNU GENERAL PUBLIC LICENSE\n                       Version 3", "GPL-3.0-only"),
    ("Redistribution and use in source and binary forms", "BSD-3-Clause"),
)
_STAGED: Final = 'DESTDIR="$JESSES_STAGE/root"'
_BUILDS: Final = (
    ("CMakeLists.txt", f"cmake -S . -B build\ncmake --build build\n{_STAGED} cmake --install build"),
    ("meson.build", f"meson setup build\nmeson compile -C build\n{_STAGED} meson install -C build"),
    ("Cargo.toml", 'cargo install --path . --root "$JESSES_STAGE/root/usr"'),
    ("go.mod", 'mkdir -p "$JESSES_STAGE/root/usr/bin"\ngo build -o "$JESSES_STAGE/root/usr/bin/" ./...'),
    ("Makefile", f"make\nmake install PREFIX=/usr {_STAGED}"),
)
_UNKNOWN_BUILD: Final = (
    'echo "packaging/build-userspace: say here how to build for $JESSES_ARCH" >&2\n'
    "exit 1  # and remove this line"
)


@dataclass(frozen=True, kw_only=True)
class DriverFacts:
    """A kernel driver's sources and the version files of its interface, relative to the product."""

    directory: str
    contract: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RepositoryFacts:
    """What was found. `github` is owner/name, `branch` the main one, `build` shell lines that build userspace."""

    name: str
    summary: str
    homepage: str
    license: str
    maintainer: str
    github: str | None
    tag: str
    branch: str
    build: str
    driver: DriverFacts | None
    has_requirements: bool


def facts_of(directory: Path, git: RunGit) -> RepositoryFacts:
    """What the files of `directory` and `git` say; a guess that people correct where they say nothing.

    Raises:
        HistoryError: there is no git, or no such directory.

    """

    def ask(*argv: str) -> str:
        return git(*argv, cwd=directory).out

    url = ask("remote", "get-url", "origin")
    found = re.search(r"github\.com[:/]([A-Za-z0-9-]+)/([A-Za-z0-9._-]+?)(?:\.git)?/?$", url)
    github = f"{found[1]}/{found[2]}" if found else None
    name = _name(found[2] if found else directory.resolve().name)
    author = (
        f"{ask('config', 'user.name') or 'Nobody'} <{ask('config', 'user.email') or 'nobody@example.org'}>"
    )
    return RepositoryFacts(
        name=name,
        summary=_summary(directory, name),
        homepage=f"https://github.com/{github}" if github else "https://example.org/",
        license=_license(directory),
        maintainer=author,
        github=github,
        tag="v{version}" if re.search(r"^v\d+\.\d+\.\d+$", ask("tag"), re.MULTILINE) else "{version}",
        branch=_main_branch(ask),
        build=next((lines for file, lines in _BUILDS if (directory / file).is_file()), _UNKNOWN_BUILD),
        driver=next(_drivers(directory), None),
        has_requirements=(directory / "requirements.txt").exists(),
    )


def _main_branch(ask: Callable[..., str]) -> str:
    """The branch that a clone starts on; without a remote the one that is checked out."""
    remote = ask("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD").removeprefix("origin/")
    return remote or ask("symbolic-ref", "--quiet", "--short", "HEAD") or "main"


def _name(text: str) -> str:
    """`text` as a package name: lower-case, at least two characters (Debian Policy 5.6.1)."""
    plain = re.sub(r"[^a-z0-9+.-]+", "-", text.lower()).strip("-+.")
    return plain if len(plain) > 1 else f"product-{plain}".rstrip("-")


def _summary(directory: Path, name: str) -> str:
    readme = next((path for path in sorted(directory.glob("README*")) if path.is_file()), None)
    text = readme.read_text(encoding="utf-8", errors="replace") if readme else ""
    lines = (line.strip() for line in text.splitlines())
    words = (line for line in lines if re.match(r"[A-Za-z]", line))
    return next(words, name).split(". ")[0].rstrip(".")[:70]


def _license(directory: Path) -> str:
    path = next((path for path in sorted(directory.glob("LICEN[CS]E*")) if path.is_file()), None)
    text = path.read_text(encoding="utf-8", errors="replace") if path else ""
    return next((spdx for words, spdx in _LICENSES if words in text), "LicenseRef-unknown")


def _drivers(directory: Path) -> Iterator[DriverFacts]:
    """Directories with a kernel module: they have a dkms.conf, or name `obj-m`."""
    for path in sorted(
        (*directory.glob("*/dkms.conf*"), *directory.glob("*/Kbuild"), *directory.glob("*/Makefile*"))
    ):
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.name.startswith("dkms.conf") or re.search(r"^obj-m\b", text, re.MULTILINE):
            inside = path.parent
            contract = sorted(file for file in inside.glob("*_VERSION") if file.is_file())
            yield DriverFacts(
                directory=inside.relative_to(directory).as_posix(),
                contract=tuple(file.relative_to(directory).as_posix() for file in contract),
            )
