"""The tools that publish to a bucket by themselves: what they ask of it to add one release."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.repositories import ours
from benchmarks.repositories.peers import Cost, Peer, Place


def of(endpoint: str, pydeb_s3: Path | None) -> Iterator[Peer]:
    """Those that are there."""
    aptly = Peer(
        name="aptly, S3",
        program="aptly",
        make=lambda place, debs: _aptly_make(place, debs, endpoint),
        add=_aptly_add,
    )
    if aptly.there:
        yield aptly
    if pydeb_s3:
        yield Peer(
            name="pydeb-s3",
            program=str(pydeb_s3),
            make=lambda place, debs: _pydeb(place, debs, pydeb_s3, endpoint),
            add=lambda place, debs: _pydeb(place, debs, pydeb_s3, endpoint),
        )


def measure(
    peer: Peer, place: Place, old: Sequence[Path], new: Sequence[Path], log: Path
) -> tuple[Cost, int]:
    """What adding `new` costs, and how many requests it makes beside one for each package file."""
    peer.make(place, old)
    before = _requests(log)
    cost = peer.add(place, new)
    return cost, _requests(log) - before - len(new)


def _requests(log: Path) -> int:
    return sum("HTTP/1.1" in line for line in log.read_text(errors="replace").splitlines())


def _aptly_make(place: Place, debs: Sequence[Path], endpoint: str) -> Cost:
    bucket = {
        "region": "us-east-1",
        "bucket": ours.BUCKET,
        "prefix": "aptly",
        "endpoint": endpoint,
        "forcePathStyle": True,
        "disableMultiDel": True,
    }
    config = {
        "rootDir": str(place.root),
        "architectures": ["amd64", "arm64"],
        "S3PublishEndpoints": {"one": bucket},
    }
    (place.work / "aptly.conf").write_text(json.dumps(config))
    cost = _aptly(place, "repo", "create", "-distribution=stable", "-component=main", "one")
    for deb in debs:
        (place.work / "debs").mkdir(exist_ok=True)
        (place.work / "debs" / deb.name).symlink_to(deb)
    cost += _aptly(place, "repo", "add", "one", place.work / "debs")
    publish = ("publish", "repo", "-batch", f"-gpg-key={place.key}", "-acquire-by-hash", "one", "s3:one:")
    return cost + _aptly(place, *publish)


def _aptly_add(place: Place, debs: Sequence[Path]) -> Cost:
    cost = _aptly(place, "repo", "add", "one", *debs)
    return cost + _aptly(place, "publish", "update", "-batch", f"-gpg-key={place.key}", "stable", "s3:one:")


def _aptly(place: Place, *argv: str | Path) -> Cost:
    return place.run("aptly", f"-config={place.work / 'aptly.conf'}", *argv)


def _pydeb(place: Place, debs: Sequence[Path], program: Path, endpoint: str) -> Cost:
    options = (
        *(
            "upload",
            "--bucket",
            ours.BUCKET,
            "--prefix",
            "pydeb",
            "--endpoint",
            endpoint,
        ),
        *("--preserve-versions", "--sign", place.key),
    )
    return place.run(program, *options, *debs)
