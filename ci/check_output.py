"""Check what a release left behind: `check_output.py DIST REPORT`. Ends with 'N passed, N failed'."""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

MADE = {
    ("tarball", "kestrel", "x86_64"),
    ("tarball", "kestrel", "aarch64"),
    ("deb", "kestrel", "x86_64"),
    ("deb", "kestrel", "aarch64"),
    ("rpm", "kestrel", "x86_64"),
    ("rpm", "kestrel", "aarch64"),
    ("deb", "kestrel-dkms", "noarch"),
    ("rpm", "kestrel-dkms", "noarch"),
    ("tarball", "kestrel-driver", "noarch"),
    ("tarball", "kestrel-static", "x86_64"),
    ("tarball", "kestrel-static", "aarch64"),
    ("deb", "kestrel-dbg", "x86_64"),
    ("deb", "kestrel-dbg", "aarch64"),
    ("rpm", "kestrel-debuginfo", "x86_64"),
    ("rpm", "kestrel-debuginfo", "aarch64"),
    ("image-archive", "kestrel", "x86_64"),
    ("image-archive", "kestrel", "aarch64"),
}

# Everything that is one file is described by a bill of materials.
EXPECTED = MADE | {("image", "kestrel", "multi"), *(("sbom", name, arch) for _, name, arch in MADE)}

SITE = (
    "SHA256SUMS",
    "SHA256SUMS.asc",
    "kestrel.asc",
    "site/apt/dists/stable/InRelease",
    "site/yum/repodata/repomd.xml.asc",
    "site/files/SHA256SUMS.asc",
    "images/kestrel/index.json",
)


def main(dist: Path, report: Path) -> int:
    results = list(_checks(dist, json.loads(report.read_text(encoding="utf-8"))))
    for what, passed in results:
        print(f"{'ok  ' if passed else 'FAIL'} {what}")
    failed = sum(not passed for _, passed in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _checks(dist: Path, report: dict[str, list[dict[str, str]]]) -> Iterator[tuple[str, bool]]:
    rows = json.loads((dist / "artifacts.json").read_text(encoding="utf-8"))["artifacts"]
    yield (
        "every artifact that Kestrel has",
        {(row["kind"], row["name"], row["arch"]) for row in rows} == EXPECTED,
    )
    yield (
        "the report names the same digests",
        [row["sha256"] for row in rows] == [row["sha256"] for row in report["artifacts"]],
    )
    for row in rows:
        path = dist / row["path"]
        if path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            yield f"{row['path']} has its digest", digest == (row["signed_sha256"] or row["sha256"])
    for name in SITE:
        yield f"{name} is there", (dist / name).is_file()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
