"""APT repositories as other tools make them, signed by gpg with a given key."""

import bz2
import gzip
import json
import lzma
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import zstandard

from tests.engines.engines import run

ARCHS = ("amd64", "arm64")


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where a repository is made: `root` is what users reach, `work` the tool's own; `env` knows the key."""

    root: Path
    work: Path
    env: Mapping[str, str]
    key: str

    def run(self, *argv: str | Path, cwd: Path | None = None) -> str:
        return run(*argv, cwd=cwd, env=self.env).stdout

    def gpg(self, *argv: str | Path) -> str:
        return self.run("gpg", "--batch", "--yes", "--local-user", self.key, *argv)


FIELDS = ("Suite=stable", "Codename=stable", "Components=main", "Architectures=amd64 arm64")
"""What apt asks a Release file for, beside the digests."""

Maker = Callable[[Bench, Sequence[Path]], None]
"""Makes the suite `stable` of package files."""


@contextmanager
def bench(directory: Path, secret_key: str, fingerprint: str) -> Iterator[Bench]:
    """A bench in `directory`; gpg's agent is stopped at the end."""
    home, root, work = (directory / name for name in ("gnupg", "apt", "work"))
    for path in (home, root, work):
        path.mkdir(mode=0o700, parents=True)
    env = {**os.environ, "GNUPGHOME": str(home), "HOME": str(directory), "LC_ALL": "C.UTF-8"}
    run("gpg", "--batch", "--import", stdin=secret_key, env=env)
    try:
        yield Bench(root=root, work=work, env=env, key=fingerprint)
    finally:
        run("gpgconf", "--kill", "all", env=env)


def aptly(bench: Bench, debs: Sequence[Path]) -> None:
    config = bench.work / "aptly.conf"
    public = bench.work / "aptly"
    config.write_text(json.dumps({"rootDir": str(public), "architectures": [*ARCHS]}))
    tool = ("aptly", f"-config={config}")
    bench.run(*tool, "repo", "create", "-distribution=stable", "-component=main", "one")
    bench.run(*tool, "repo", "add", "one", *debs)
    bench.run(
        *(*tool, "publish", "repo", "-batch", f"-gpg-key={bench.key}", "-acquire-by-hash"),
        *("-origin=Hawk", "-label=Hawk tools", "one"),
    )
    shutil.copytree(public / "public", bench.root, dirs_exist_ok=True)


def reprepro(bench: Bench, debs: Sequence[Path]) -> None:
    (bench.work / "conf").mkdir()
    (bench.work / "conf/distributions").write_text(
        "Codename: stable\nSuite: stable\nOrigin: Hawk\nLabel: Hawk tools\nComponents: main\n"
        f"Architectures: {' '.join(ARCHS)}\nSignWith: {bench.key}\n"
    )
    for deb in debs:
        bench.run("reprepro", "--basedir", bench.work, "--outdir", bench.root, "includedeb", "stable", deb)


def ftparchive(
    bench: Bench,
    debs: Sequence[Path],
    *,
    pool: str = "pool/main",
    forms: Sequence[str] = ("", ".gz"),
    release: Sequence[str] = FIELDS,
    sign: Sequence[str] = ("InRelease", "Release.gpg"),
) -> None:
    """apt-ftparchive, or dpkg-scanpackages' way of it; `release` are options of the Release file."""
    (bench.root / pool).mkdir(parents=True)
    for deb in debs:
        shutil.copy(deb, bench.root / pool)
    listed = bench.run("apt-ftparchive", "packages", pool, cwd=bench.root)
    suite = bench.root / "dists/stable"
    for arch in ARCHS:
        directory = suite / f"main/binary-{arch}"
        directory.mkdir(parents=True)
        for form in forms:
            (directory / f"Packages{form}").write_bytes(PACK[form](_of(arch, listed)))
    options = [f"-oAPT::FTPArchive::Release::{option}" for option in release]
    text = bench.run("apt-ftparchive", *options, "release", suite)
    (suite / "Release").write_text(text)
    if "InRelease" in sign:
        bench.gpg("--output", suite / "InRelease", "--clearsign", suite / "Release")
    if "Release.gpg" in sign:
        bench.gpg("--output", suite / "Release.gpg", "--armor", "--detach-sign", suite / "Release")


def _of(arch: str, packages: str) -> bytes:
    """The stanzas for `arch`: apt-ftparchive's own `--arch` goes by file names of Debian's fashion."""
    wanted = (f"\nArchitecture: {arch}\n", "\nArchitecture: all\n")
    stanzas = packages.split("\n\n")
    return "".join(
        f"{stanza}\n\n" for stanza in stanzas if any(word in f"{stanza}\n" for word in wanted)
    ).encode()


def falco(bench: Bench, debs: Sequence[Path]) -> None:
    """As Falco's scripts lay it out: package files beside the indexes' directory, signed both ways."""
    ftparchive(bench, debs, pool="stable", release=("Origin=Hawk", "Label=Hawk", *FIELDS))


def _zstd(data: bytes) -> bytes:
    return zstandard.compress(data)


def _lzma(data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_ALONE)


PACK: Mapping[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
    ".zst": _zstd,
    ".lzma": _lzma,
}
