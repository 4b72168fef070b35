"""The outside of an RPM file: lead, signature header, main header, and where the payload starts.

The signature header is made from the rest, and signatures lie in it alone; so signing rewrites nothing else,
and the file as it was before signing can always be told from the signed one.
"""

import hashlib
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from pysequoia import Sig
from pysequoia.packet import PublicKeyAlgorithm

from jesses.base.bytes.atomic import replacing
from jesses.base.errors import SigningError
from jesses.package.formats import rpm_header
from jesses.package.formats.rpm_header import Header
from jesses.package.formats.rpm_tags import SigTag, Tag
from jesses.signing import Signer

LEAD_SIZE: Final = 96
_LEAD: Final = struct.Struct(">4sBBHH66sHH16x")
_LEAD_MAGIC: Final = bytes.fromhex("edabeedb")
_LEAD_ARCH: Final = {"x86_64": 1, "aarch64": 19}
_LEAD_LINUX: Final = 1
_LEAD_SIGNATURE_HEADER: Final = 5
_LEAD_NAME: Final = 65

# RPMSIGTAG_RSA and RPMSIGTAG_DSA cover the main header; PGP and GPG, from before rpm 4, header and payload.
SIGNATURES: Final = (SigTag.RSA, SigTag.DSA, SigTag.PGP, SigTag.GPG)
_SIGNATURE_TAGS: Final = (
    (PublicKeyAlgorithm.RSAEncryptSign, SigTag.RSA),
    (PublicKeyAlgorithm.EdDSA, SigTag.DSA),
    (PublicKeyAlgorithm.DSA, SigTag.DSA),
)
_OPENPGP_VERSION: Final = 4
_COPY: Final = 1 << 20


@dataclass(frozen=True, kw_only=True)
class RpmFile:
    """What lies before the payload. Offsets are bytes from the start of the file.

    `header_bytes` is the main header as it stands, which its digest and its signature cover.
    """

    lead: bytes
    signature: Header
    header: Header
    header_bytes: bytes
    header_start: int

    @property
    def header_end(self) -> int:
        return self.header_start + len(self.header_bytes)

    @property
    def signed(self) -> bool:
        return _is_signed(self.signature)


def lead(nevr: str, arch: str) -> bytes:
    """The lead, which nothing but file(1) reads any more (section "Lead")."""
    return _LEAD.pack(
        *(_LEAD_MAGIC, 3, 0, 0, _LEAD_ARCH.get(arch, 0)),
        *(nevr.encode()[:_LEAD_NAME], _LEAD_LINUX, _LEAD_SIGNATURE_HEADER),
    )


def signature_header(main: bytes, *, payload_size: int, archive_size: int, large: bool = False) -> Header:
    """The signature header of an unsigned package.

    `main` is the main header, `payload_size` the bytes of the compressed payload, `archive_size` those of the
    archive in it; `large` is set where they may need more than 32 bits. There is no MD5 of header and payload:
    the main header, digested here, holds the payload's SHA-256.
    """
    return Header.of(
        (
            rpm_header.text(SigTag.SHA1, hashlib.sha1(main, usedforsecurity=False).hexdigest()),
            rpm_header.text(SigTag.SHA256, hashlib.sha256(main).hexdigest()),
            *_sizes(len(main) + payload_size, archive_size, large=large),
        )
    )


def _sizes(
    package: int, archive: int, *, large: bool
) -> tuple[rpm_header.HeaderEntry, rpm_header.HeaderEntry]:
    if large:
        return (
            rpm_header.int64(SigTag.LONGSIZE, package),
            rpm_header.int64(SigTag.LONGARCHIVESIZE, archive),
        )
    return rpm_header.int32(SigTag.SIZE, package), rpm_header.int32(SigTag.PAYLOADSIZE, archive)


def opening(lead_bytes: bytes, signature: Header) -> bytes:
    """Lead and signature header with the padding that brings the main header to a multiple of 8."""
    encoded = signature.encode(SigTag.REGION)
    return lead_bytes + encoded + bytes(-len(encoded) % 8)


def read(stream: BinaryIO) -> RpmFile:
    """Everything before the payload, where `stream` is left.

    Raises:
        FormatError: this is no RPM package, or a damaged one.

    """
    lead_bytes = _read_lead(stream)
    signature, encoded = rpm_header.read(stream, SigTag.REGION)
    padding = -len(encoded) % 8
    stream.read(padding)
    header, header_bytes = rpm_header.read(stream, Tag.REGION)
    return RpmFile(
        lead=lead_bytes,
        signature=signature,
        header=header,
        header_bytes=header_bytes,
        header_start=LEAD_SIZE + len(encoded) + padding,
    )


def is_signed(stream: BinaryIO) -> bool:
    """Whether a package carries a signature; only what lies before the main header is read.

    Raises:
        FormatError: this is no RPM package, or a damaged one.

    """
    _read_lead(stream)
    signature, _ = rpm_header.read(stream, SigTag.REGION)
    return _is_signed(signature)


def _is_signed(signature: Header) -> bool:
    return any(signature.find(tag) for tag in SIGNATURES)


def header_start(stream: BinaryIO) -> int:
    """Where the main header starts in a package: `RpmFile.header_start`, which a signature moves.

    Raises:
        FormatError: this is no RPM package, or a damaged one.

    """
    _read_lead(stream)
    size = rpm_header.read_size(stream)
    return LEAD_SIZE + size + -size % 8


def _read_lead(stream: BinaryIO) -> bytes:
    lead_bytes = stream.read(LEAD_SIZE)
    if len(lead_bytes) < LEAD_SIZE or not lead_bytes.startswith(_LEAD_MAGIC):
        raise rpm_header.damaged("it does not start with a lead")
    return lead_bytes


def unsigned_sha256(stream: BinaryIO) -> str:
    """The digest of the package as it was before signing; of an unsigned one, its own.

    Raises:
        FormatError: this is no RPM package, or a damaged one.

    """
    rpm = read(stream)
    if not rpm.signed:
        stream.seek(0)
        return _sha256(b"", stream)
    return _sha256(opening(rpm.lead, rpm.signature.without(SIGNATURES)) + rpm.header_bytes, stream)


def sign(path: Path, signer: Signer) -> str:
    """Sign the package in place, whole or not at all, and give its new digest; an old signature goes.

    Raises:
        FormatError: this is no RPM package, or a damaged one.
        SigningError: rpm cannot read signatures of this key.

    """
    with path.open("rb") as source, replacing(path, mode=path.stat().st_mode) as out:
        rpm = read(source)
        signature = signer.detach(rpm.header_bytes, armor=False)
        entry = rpm_header.binary(signature_tag(signature), signature)
        signed = Header.of((*rpm.signature.without(SIGNATURES).entries, entry))
        out.write(opening(rpm.lead, signed))
        out.write(rpm.header_bytes)
        shutil.copyfileobj(source, out, _COPY)
        out.seek(0)
        return _sha256(b"", out)


def signature_tag(signature: bytes) -> SigTag:
    """Where rpm looks for a binary OpenPGP signature over the header: by the algorithm of its key.

    Raises:
        SigningError: rpm cannot read it.

    """
    parsed = Sig.from_bytes(signature)
    for algorithm, tag in _SIGNATURE_TAGS:
        if parsed.version == _OPENPGP_VERSION and parsed.key_algorithm == algorithm:
            return tag
    raise SigningError(
        f"rpm cannot read version {parsed.version} signatures by {parsed.key_algorithm}",
        fix="sign with a version 4 OpenPGP key of RSA with 3072 or 4096 bits",
    )


def _sha256(start: bytes, rest: BinaryIO) -> str:
    digest = hashlib.sha256(start)
    while block := rest.read(_COPY):
        digest.update(block)
    return digest.hexdigest()
