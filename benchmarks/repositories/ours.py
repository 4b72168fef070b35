"""One release by jesses, in a process of its own: `python -m benchmarks.repositories.ours apt|yum SITE FILES...`.

Prints seconds from the first question to the last write (the interpreter's start and the packages' own
signatures aside), the peak of memory, and for a bucket the requests and bytes on the wire.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.digest import sha256_of
from jesses.package.formats import rpm
from jesses.publish import Publisher
from jesses.publish.apt.publisher import apt_publisher
from jesses.publish.shared.settings import RepositorySettings
from jesses.publish.yum.publisher import yum_publisher
from jesses.signing import Signer, openpgp
from jesses.stores import Store
from jesses.stores.directory import DirectoryStore
from jesses.stores.s3 import S3Store

BUCKET = "bucket"
NOBODY = "nobody"
URL = "https://download.example.org"


class Wire:
    """What goes over the wire of a client of S3."""

    def __init__(self, endpoint: str) -> None:
        session = boto3.session.Session(
            aws_access_key_id=NOBODY, aws_secret_access_key=NOBODY, region_name="us-east-1"
        )
        self.client = session.client(
            "s3",
            endpoint_url=endpoint,
            config=Config(
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
        self.requests = self.sent = self.received = 0
        self.client.meta.events.register("before-send.s3", self._before)
        self.client.meta.events.register("after-call.s3.GetObject", self._after)

    def _before(self, request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's own
        self.requests += 1
        if request.method == "PUT":
            self.sent += int(request.headers.get("Content-Length", 0))

    def _after(self, parsed: Any, **_: object) -> None:  # noqa: ANN401 - botocore's own
        self.received += parsed.get("ContentLength", 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["apt", "yum"])
    parser.add_argument("site", help="a directory, or the endpoint of a service")
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--no-copies", action="store_true")
    arguments = parser.parse_args()
    signer = openpgp.from_environment({openpgp.KEY_FILE_VARIABLE: str(arguments.key)})
    if signer is None:
        raise SystemExit("--key holds none")
    artifacts = tuple(_artifact(path, signer) for path in arguments.files)
    wire = Wire(arguments.site) if arguments.site.startswith("http") else None
    store: Store = DirectoryStore(Path(arguments.site))
    if wire:
        store = S3Store(client=wire.client, bucket=BUCKET, wait=int)
    publisher = _publisher(arguments.kind, store, signer, copies=not arguments.no_copies)
    started = time.perf_counter()
    publisher.stage(publisher.check(artifacts))
    publisher.verify()
    publisher.commit()
    seconds = time.perf_counter() - started
    found = {
        "seconds": seconds,
        "peak_mib": _peak(),
        "packages": sum(path.stat().st_size for path in arguments.files),
    }
    if wire:
        found |= {
            "requests": wire.requests - len(arguments.files),
            "sent": wire.sent,
            "received": wire.received,
        }
    print(json.dumps(found))


def _peak() -> float:
    """MiB of this process alone: what getrusage(2) says includes the one that it was forked from."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _publisher(kind: str, store: Store, signer: Signer, *, copies: bool) -> Publisher:
    make = apt_publisher if kind == "apt" else yum_publisher
    return make(
        RepositorySettings(
            store=store,
            prefix=kind,
            url=f"{URL}/{kind}",
            name="kestrel",
            signer=signer,
            clock=time.time,
            copies=copies,
        )
    )


def _artifact(path: Path, signer: Signer) -> Artifact:
    digest = sha256_of(path)
    signed = None
    if path.suffix == ".rpm":
        rpm.sign(path, signer)
        signed = sha256_of(path)
    return Artifact(
        path=path,
        kind="rpm" if path.suffix == ".rpm" else "deb",
        component="userspace",
        name=path.stem,
        version=Version.parse("1.0.0"),
        arch="x86_64" if "x86_64" in path.name else "aarch64",
        size=path.stat().st_size,
        sha256=digest,
        signed_sha256=signed,
    )


if __name__ == "__main__":
    main()
