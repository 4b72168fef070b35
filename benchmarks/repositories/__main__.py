"""Adding one release to a repository, side by side with the tools that make repositories.

    .venv/bin/python -m benchmarks.repositories [--sizes 1000,5000,20000] [--rounds 3] [--json FILE] [--plot FILE]

A release is two packages of each kind, for two architectures. Needs aptly, reprepro, apt-ftparchive,
createrepo_c and gpg (`ci/provision`), about 5 GB below --work for 20,000 packages, and moto (the test
environment) for what goes over the wire. `--pydeb-s3 FILE` is that tool's program, where it is installed.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.repositories import ours, packages, peers, s3_peers
from benchmarks.repositories.peers import Cost, Peer, Place
from benchmarks.repositories.report import Results, plot, table
from jesses.signing import openpgp_key
from jesses.signing.openpgp import OpenPgpSigner

ROOT = Path(__file__).resolve().parents[2]
SMALL = 1000
"""More packages than this take the peers on S3 too long."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", default="1000,5000,20000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path, help="an SVG of requests, bytes and seconds against size")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--pydeb-s3", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jesses-repositories-", dir=arguments.work) as work:
        results = _Bench(Path(work), arguments.rounds, arguments.pydeb_s3).run(
            [int(size) for size in arguments.sizes.split(",")]
        )
    print(table(results))
    if arguments.json:
        arguments.json.write_text(json.dumps(results.data(), indent=2) + "\n", encoding="utf-8")
    if arguments.plot:
        arguments.plot.write_text(plot(results), encoding="utf-8")


class _Bench:
    def __init__(self, work: Path, rounds: int, pydeb_s3: Path | None) -> None:
        self._work = work
        self._rounds = rounds
        self._pydeb_s3 = pydeb_s3
        self._key = work / "key.asc"
        secret = openpgp_key.generate("Benchmark <benchmark@example.org>")
        self._key.write_text(str(secret))
        self._fingerprint = OpenPgpSigner(secret).fingerprint
        home = work / "gnupg"
        home.mkdir(mode=0o700)
        self._env = {
            **os.environ,
            "GNUPGHOME": str(home),
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
        }
        subprocess.run(
            ["gpg", "--batch", "--quiet", "--import", self._key],
            env=self._env,
            check=True,
            capture_output=True,
        )
        self._results = Results()

    def run(self, sizes: Sequence[int]) -> Results:
        made = 0
        for size in sorted(sizes):
            _note(f"{size} packages")
            packages.make(self._work / "old", made, size // 2)
            made = size // 2
            first = max(sizes) // 2
            packages.make(self._work / "new", first, first + self._rounds + 3)
            self._local("apt", "deb", size, peers.APT)
            self._local("yum", "rpm", size, peers.YUM)
        subprocess.run(["gpgconf", "--kill", "all"], env=self._env, check=False)
        return self._results

    def _local(self, kind: str, suffix: str, size: int, tools: Sequence[Peer]) -> None:
        old = sorted((self._work / "old" / suffix).iterdir())[:size]
        for peer in filter(lambda peer: peer.there, tools):
            place = self._place(peer.name)
            self._results.record("make", kind, peer.name, size, peer.make(place, old))
            base = self._work / "base"
            if peer is tools[-1]:
                shutil.rmtree(base, ignore_errors=True)
                shutil.copytree(place.root, base / kind, copy_function=_linked)
            for number in range(1, self._rounds + 1):
                cost = peer.add(place, self._release(suffix, number))
                self._results.record("add", kind, peer.name, size, cost)
            shutil.rmtree(place.root)
        self._ours(kind, suffix, size)
        self._on_s3(kind, suffix, size)

    def _ours(self, kind: str, suffix: str, size: int) -> None:
        """On what the last peer has made: the first release brings it along, the next ones add."""
        base = self._work / "base"
        self._results.record("make", kind, "ours", size, self._one(kind, base, suffix, 0))
        for number in range(1, self._rounds + 1):
            self._results.record("add", kind, "ours", size, self._one(kind, base, suffix, number))

    def _one(self, kind: str, site: Path | str, suffix: str, number: int, *options: str) -> Cost:
        found = self._child(kind, site, suffix, number, *options)
        return Cost(seconds=found["seconds"], peak_mib=found["peak_mib"])

    def _child(self, kind: str, site: Path | str, suffix: str, number: int, *options: str) -> dict[str, Any]:
        argv = [sys.executable, "-m", "benchmarks.repositories.ours", kind, str(site)]
        argv += [*map(str, self._release(suffix, number)), "--key", str(self._key), *options]
        done = subprocess.run(argv, cwd=ROOT, env=self._env, stdout=subprocess.PIPE, text=True, check=True)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def _on_s3(self, kind: str, suffix: str, size: int) -> None:
        """The same repository in a bucket, without its package files: nobody may ask for them."""
        base = self._work / "base"
        for copies in (False, True):
            with _moto(self._work) as (endpoint, log):
                wire = ours.Wire(endpoint)
                wire.client.create_bucket(Bucket=ours.BUCKET)
                for path in base.rglob("*"):
                    key = path.relative_to(base).as_posix()
                    if path.is_file() and not path.name.endswith((".deb", ".rpm", ".lock")):
                        wire.client.put_object(Bucket=ours.BUCKET, Key=key, Body=path.read_bytes())
                options = () if copies else ("--no-copies",)
                # The first may change what users install.
                self._child(kind, endpoint, suffix, self._rounds + 1, *options)
                found = self._child(kind, endpoint, suffix, self._rounds + 2, *options)
                self._results.on_s3(kind, size, found, copies=copies)
                if kind == "apt" and copies and size <= SMALL:
                    old = sorted((self._work / "old" / suffix).iterdir())[:size]
                    for peer in s3_peers.of(endpoint, self._pydeb_s3):
                        cost, requests = s3_peers.measure(
                            peer, self._place(peer.name), old, self._release(suffix, 1), log
                        )
                        self._results.peer_on_s3(peer.name, size, cost, requests)

    def _release(self, suffix: str, number: int) -> list[Path]:
        """The files of a release that nobody has seen: ours are signed in place."""
        found = sorted((self._work / "new" / suffix).iterdir())[2 * number : 2 * number + 2]
        directory = self._work / f"release-{time.monotonic_ns()}"
        directory.mkdir()
        return [Path(shutil.copy(path, directory)) for path in found]

    def _place(self, name: str) -> Place:
        directory = self._work / "peers" / name
        shutil.rmtree(directory, ignore_errors=True)
        for part in ("root", "work"):
            (directory / part).mkdir(parents=True)
        return Place(root=directory / "root", work=directory / "work", env=self._env, key=self._fingerprint)


def _linked(source: str, target: str) -> None:
    """Packages are the same file; indexes are not, since tools may write them in place."""
    if source.endswith((".deb", ".rpm")):
        os.link(source, target)
    else:
        shutil.copyfile(source, target)


@contextmanager
def _moto(work: Path) -> Iterator[tuple[str, Path]]:
    """A fresh service, and the log that has a line for each request."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    path = work / "moto.log"
    with path.open("w") as log:
        argv = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        process = subprocess.Popen(argv, stdout=log, stderr=log)
        try:
            while socket.socket().connect_ex(("127.0.0.1", port)):
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}", path
        finally:
            process.terminate()
            process.wait()


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
