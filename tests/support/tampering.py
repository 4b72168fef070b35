"""What somebody may do who has a job that builds: change what is handed over, and correct what describes it."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jesses.base.digest import sha256_of
from jesses.package.formats import rpm_file
from jesses.package.formats.rpm_header import Header, HeaderEntry
from jesses.package.formats.rpm_tags import Tag
from tests.support.deb_example import archive, parts


def corrected(directory: Path) -> None:
    """Have `artifacts.json` tell the size and the digest of every file as it is now."""
    data = json.loads((directory / "artifacts.json").read_text())
    for row in data["artifacts"]:
        path = directory / row["path"]
        row |= {"size": path.stat().st_size, "sha256": sha256_of(path)}
    (directory / "artifacts.json").write_text(json.dumps(data))


def edit_rows(directory: Path, edit: Callable[[list[dict[str, Any]]], object]) -> None:
    """Change the rows of `artifacts.json`."""
    data = json.loads((directory / "artifacts.json").read_text())
    edit(data["artifacts"])
    (directory / "artifacts.json").write_text(json.dumps(data))


def edit_control(deb: Path, edit: Callable[[str], str]) -> None:
    """Change the control file of a DEB, and nothing else."""

    def edited(members: list[tuple[tarfile.TarInfo, bytes]]) -> list[tuple[tarfile.TarInfo, bytes]]:
        return [
            (info, edit(data.decode()).encode() if info.name == "./control" else data)
            for info, data in members
        ]

    edit_control_part(deb, edited)


Members = list[tuple[tarfile.TarInfo, bytes]]


def edit_control_part(deb: Path, edit: Callable[[Members], Members]) -> None:
    """Change the control part of a DEB."""
    found = parts(deb.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(found["control.tar.gz"])) as tar:
        members = [(info, stream.read() if (stream := tar.extractfile(info)) else b"") for info in tar]
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz", format=tarfile.GNU_FORMAT) as tar:
        for info, data in edit(members):
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    deb.write_bytes(archive({**found, "control.tar.gz": made.getvalue()}))


def edit_header(rpm: Path, edit: Callable[[tuple[HeaderEntry, ...]], tuple[HeaderEntry, ...]]) -> None:
    """Change the main header of an RPM, with the digests over it."""
    with rpm.open("rb") as stream:
        found, payload = rpm_file.read(stream), stream.read()
    main = Header.of(edit(found.header.entries)).encode(Tag.REGION)
    signature = rpm_file.signature_header(main, payload_size=len(payload), archive_size=len(payload))
    rpm.write_bytes(rpm_file.opening(found.lead, signature) + main + payload)
