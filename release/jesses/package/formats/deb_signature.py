"""Signatures inside DEB files, as debsigs(1) makes and debsig-verify(1) checks them.

A signature is an ar member `_gpgorigin` behind the others: a binary detached signature over the contents of all
members before it. dpkg passes over members whose name starts with an underscore (deb(5)). So the file as it was
before signing is the beginning of the signed one.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, Final

from jesses.base.bytes.rope import Rope
from jesses.base.errors import FormatError
from jesses.package.formats import ar
from jesses.package.formats.ar import Member
from jesses.signing import Signer

ORIGIN: Final = "_gpgorigin"

_COPY: Final = 1 << 20


def sign(path: Path, signer: Signer) -> str:
    """Sign the package in place and give its new digest; an old signature goes.

    What is signed, the contents without what is between them, lies in a file beside the package meanwhile.

    Raises:
        FormatError: this is no DEB package.

    """
    with path.open("r+b") as stream:
        members = list(_unsigned(stream))
        with NamedTemporaryFile(prefix=".signing-", dir=path.parent) as contents:
            for member in members:
                contents.writelines(_blocks(stream, member.offset, member.size))
            contents.flush()
            signature = signer.detach_file(Path(contents.name))
        stream.seek(_end(members))
        stream.truncate()
        stream.writelines(ar.member(ORIGIN, Rope.of(signature), date=members[0].date).blocks())
        stream.seek(0)
        return hashlib.file_digest(stream, "sha256").hexdigest()


def unsigned_sha256(stream: BinaryIO) -> str:
    """The digest of the package as it was before signing; of an unsigned one, its own.

    Raises:
        FormatError: this is no DEB package.

    """
    digest = hashlib.sha256()
    for block in _blocks(stream, 0, _end(list(_unsigned(stream)))):
        digest.update(block)
    return digest.hexdigest()


def _unsigned(stream: BinaryIO) -> Iterator[Member]:
    found = False
    for member in ar.members(stream):
        if member.name.startswith("_gpg"):
            break
        found = True
        yield member
    if not found:
        raise FormatError("this is no DEB file: it is empty (deb(5))", fix="build or download it again")


def _end(members: list[Member]) -> int:
    last = members[-1]
    return last.offset + last.size + last.size % 2


def _blocks(stream: BinaryIO, offset: int, size: int) -> Iterator[bytes]:
    stream.seek(offset)
    while size and (block := stream.read(min(size, _COPY))):
        yield block
        size -= len(block)
