"""Software bills of materials: one SPDX 2.3 document in JSON for each package file and each image.

Nothing in a document depends on when or where it is made: its date is that of the package, and its namespace
holds the digest of the file that it describes. Sections are those of the SPDX specification 2.3.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import msgspec

from jesses.base.artifact import Artifact
from jesses.base.digest import sha256_of
from jesses.base.errors import FormatError
from jesses.base.naming import spelling
from jesses.base.naming.arch import DEBIAN, OCI, RPM, Arch
from jesses.base.package import Package
from jesses.base.payload import ContentSource, Payload
from jesses.package.compression import Packed
from jesses.package.formats.rpm_metadata import RELEASE

SUFFIX: Final = ".spdx.json"

_VERSION: Final = "SPDX-2.3"
_DOCUMENT: Final = "SPDXRef-DOCUMENT"
_SUBJECT: Final = "SPDXRef-Package"
_UNKNOWN: Final = "NOASSERTION"


class _Digest(msgspec.Struct):
    checksumValue: str  # noqa: N815 -- as SPDX spells it


class _ListedFile(msgspec.Struct):
    fileName: str  # noqa: N815
    checksums: list[_Digest]


class _Listed(msgspec.Struct):
    files: list[_ListedFile]


class DigestedFile(NamedTuple):
    """A file by its path in the payload; digests are hexadecimal. SPDX asks for the SHA-1 of every file (8.4)."""

    path: str
    sha1: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class SbomSubject:
    """What a document describes: a finished file, and the files that are in it, to be gone through more than once.

    `purl` is its package URL; `date` is seconds since 1970 UTC; `license` is an SPDX expression.
    """

    artifact: Artifact
    files: Iterable[DigestedFile]
    summary: str
    license: str
    homepage: str
    vendor: str
    date: int
    purl: str


@dataclass(frozen=True)
class Digested:
    """The files of `payload`, each asked for when its turn comes: there may be 200,000 of them.

    `pack` is that of a packer with SHA-1, which knows them.
    """

    payload: Payload
    pack: Callable[[ContentSource], Packed]

    def __iter__(self) -> Iterator[DigestedFile]:
        packed = ((file.path, self.pack(file.source)) for file in self.payload.files)
        return (DigestedFile(path, content.sha1, content.sha256) for path, content in packed)


def subject_of(
    artifact: Artifact, package: Package, files: Iterable[DigestedFile], *, project: str
) -> SbomSubject:
    """What a document on the package file `artifact` describes."""
    return SbomSubject(
        artifact=artifact,
        files=files,
        summary=package.summary,
        license=package.license,
        homepage=package.homepage,
        vendor=package.vendor,
        date=package.date,
        purl=package_url(artifact, package.arch, project=project),
    )


def described(subject: Artifact, path: Path) -> Artifact:
    """The document at `path` on `subject`, as an artifact of its own."""
    return replace(
        subject,
        path=path,
        kind="sbom",
        size=path.stat().st_size,
        sha256=sha256_of(path),
        signed_sha256=None,
    )


def files_in(data: bytes) -> tuple[DigestedFile, ...]:
    """The files that a document tells of.

    Raises:
        FormatError: it is no document of ours.

    """
    try:
        files = msgspec.json.decode(data, type=_Listed).files
        return tuple(
            DigestedFile(file.fileName.removeprefix("."), *(each.checksumValue for each in file.checksums))
            for file in files
        )
    except (msgspec.MsgspecError, RecursionError, TypeError, UnicodeDecodeError) as error:
        raise FormatError(f"this is no bill of materials: {error}", fix="build it again") from error


def document(subject: SbomSubject) -> bytes:
    """The SPDX document that describes `subject`."""
    return b"".join(blocks(subject))


def blocks(subject: SbomSubject) -> Iterator[bytes]:
    """The document in blocks: of one on many files, no more than some is in memory."""
    artifact = subject.artifact
    files = (_file(number, file) for number, file in enumerate(subject.files, start=1))
    contained = (
        _relationship(_SUBJECT, "CONTAINS", _file_id(number))
        for number, _ in enumerate(subject.files, start=1)
    )
    head = {
        "spdxVersion": _VERSION,
        "dataLicense": "CC0-1.0",
        "SPDXID": _DOCUMENT,
        "name": artifact.path.name,
        "documentNamespace": f"{subject.homepage.rstrip('/')}/spdx/{artifact.path.name}-{artifact.sha256}",
        "creationInfo": {
            "created": datetime.fromtimestamp(subject.date, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Tool: jesses", f"Organization: {subject.vendor}"],
        },
        "documentDescribes": [_SUBJECT],
        "packages": [_package(subject)],
    }
    yield _json(head).removesuffix("\n}").encode()
    yield b',\n "files": '
    yield from _array(files)
    yield b',\n "relationships": '
    yield from _array(chain((_relationship(_DOCUMENT, "DESCRIBES", _SUBJECT),), contained))
    yield b"\n}\n"


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


def _array(values: Iterable[object]) -> Iterator[bytes]:
    """A list as `_json` gives it one level down, value by value."""
    before = "[\n  "
    for value in values:
        yield (before + _json(value).replace("\n", "\n  ")).encode()
        before = ",\n  "
    yield b"[]" if before.startswith("[") else b"\n ]"


def _package(subject: SbomSubject) -> dict[str, Any]:
    return {
        "SPDXID": _SUBJECT,
        "name": subject.artifact.name,
        "versionInfo": str(subject.artifact.version),
        "packageFileName": subject.artifact.path.name,
        "summary": subject.summary,
        "supplier": f"Organization: {subject.vendor}",
        "homepage": subject.homepage,
        "downloadLocation": _UNKNOWN,
        "filesAnalyzed": True,
        "packageVerificationCode": {"packageVerificationCodeValue": _verification_code(subject.files)},
        "checksums": [_checksum("SHA256", subject.artifact.sha256)],
        "licenseDeclared": subject.license,
        "licenseConcluded": _UNKNOWN,
        "copyrightText": _UNKNOWN,
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": subject.purl,
            }
        ],
    }


def _file(number: int, file: DigestedFile) -> dict[str, Any]:
    return {
        "SPDXID": _file_id(number),
        "fileName": f".{file.path}",
        "checksums": [_checksum("SHA1", file.sha1), _checksum("SHA256", file.sha256)],
        "licenseConcluded": _UNKNOWN,
        "copyrightText": _UNKNOWN,
    }


def _verification_code(files: Iterable[DigestedFile]) -> str:
    """The SHA-1 of all SHA-1 digests, sorted (7.9)."""
    joined = "".join(sorted(file.sha1 for file in files))
    return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()


def _relationship(element: str, kind: str, other: str) -> dict[str, str]:
    return {"spdxElementId": element, "relationshipType": kind, "relatedSpdxElement": other}


def _checksum(algorithm: str, value: str) -> dict[str, str]:
    return {"algorithm": algorithm, "checksumValue": value}


def _file_id(number: int) -> str:
    return f"SPDXRef-File-{number}"


def package_url(artifact: Artifact, arch: Arch, *, project: str) -> str:
    """The package URL of a package file (the purl specification, types deb, rpm and generic)."""
    name, version = quote(artifact.name, safe=""), artifact.version
    match artifact.kind:
        case "deb":
            spelled = quote(spelling.deb(version), safe="")
            return f"pkg:deb/{project}/{name}@{spelled}?arch={DEBIAN[arch]}"
        case "rpm":
            spelled = quote(f"{spelling.rpm(version)}-{RELEASE}", safe="")
            return f"pkg:rpm/{project}/{name}@{spelled}?arch={RPM[arch]}"
        case _:
            return f"pkg:generic/{project}/{name}@{quote(str(version), safe='')}?arch={arch}"


def image_url(name: str, digest: str, arch: Arch) -> str:
    """The package URL of an image for one architecture; `digest` is its manifest's (`sha256:...`)."""
    return f"pkg:oci/{quote(name.rpartition('/')[2], safe='')}@{quote(digest, safe='')}?arch={OCI[arch]}"
