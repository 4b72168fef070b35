"""Makes what is attached to the images of a run: signatures, provenance, bills of materials.

Each is made once, and all registries get the same bytes.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, Protocol

from jesses.base.documents import DocumentError, read_object
from jesses.history.ci import Ci
from jesses.image.manifest import Descriptor, encode
from jesses.image.registry.attachments import (
    ATTESTATION,
    BUNDLE,
    STATEMENT,
    Attachment,
    ImageKey,
    attached,
    attestation,
    dsse_envelope,
    signature,
)
from jesses.image.registry.client import ImageRepository
from jesses.publish.images import provenance
from jesses.publish.images.publisher import StagedImage, annotations

SPDX: Final = "application/spdx+json"
"""The registered type of an SPDX document (IANA)."""
SIGNED: Final = "https://sigstore.dev/cosign/sign/v1"
"""The predicate type of a statement that says no more than that somebody signed this (cosign, pkg/types)."""


class Notary(Protocol):
    """Signs without a key of its own (Sigstore, "keyless"); two signatures of the same bytes differ."""

    def sign(self, statement: bytes) -> bytes:
        """The statement and its signature, as a Sigstore bundle.

        Raises:
            SigningError: it cannot be signed.

        """

    def opened(self, bundle: bytes) -> bytes | None:
        """The statement in a bundle; None where another identity signed it, or nobody."""


@dataclass(frozen=True)
class UnsignedNotary:
    """A notary for a dry run: it signs nothing, because a public log would keep each signature for ever."""

    notary: Notary

    def sign(self, statement: bytes) -> bytes:
        return statement

    def opened(self, bundle: bytes) -> bytes | None:
        return self.notary.opened(bundle)


class Evidence:
    """Makes what travels with the images of a run: signed with `key`, or by `notary`, or with neither unsigned.

    What one registry holds already (`recall`) is used again for all of them. Several threads may use it.
    """

    def __init__(self, *, key: ImageKey | None, notary: Notary | None, ci: Ci) -> None:
        self._key = key
        self._notary = None if key else notary
        self._ci = ci
        self._kind = ATTESTATION if key else BUNDLE if self._notary else STATEMENT
        self._held: dict[tuple[str, str], bytes] = {}
        self._lock = Lock()

    def recall(self, staged: StagedImage) -> None:
        """Learn what a registry holds about an image that it may have already.

        Raises:
            RegistryError: the registry failed.
            FormatError: what is attached there is damaged.
            SigningError: the identity of the notary cannot be found out.

        """
        wanted = {str(each["predicateType"]): each for each in self._statements(staged)}
        for data in attached(staged.index.digest, self._kind, staged.repository):
            found = self._statement_in(data)
            kind = found.get("predicateType", "")
            if kind in wanted and _agree(found, wanted[kind]):
                self._held.setdefault((staged.index.digest, kind), data)

    def about(self, staged: StagedImage, name: str) -> Sequence[Attachment]:
        """Everything that is attached to one image, which has the `name` of a repository with its host.

        Raises:
            SigningError: something cannot be signed.

        """
        subjects = [document.descriptor for document in (staged.index, *staged.content.documents[:-1])]
        # Engines check the signature of the index or that of a manifest.
        signatures = [signature(name, subject, self._key) for subject in subjects] if self._key else []
        sboms = [
            Attachment(
                subject=subject,
                artifact_type=SPDX,
                media_type=SPDX,
                data=staged.sboms[subject.digest].read_bytes(),
            )
            for subject in subjects
            if subject.digest in staged.sboms
        ]
        return (*signatures, *self._attestations(staged, subjects), *sboms)

    def _attestations(self, staged: StagedImage, subjects: Sequence[Descriptor]) -> Iterator[Attachment]:
        for statement in self._statements(staged):
            predicate = str(statement["predicateType"])
            with self._lock:
                key = staged.index.digest, predicate
                if key not in self._held:
                    self._held[key] = self._signed(encode(statement))
            for subject in subjects if predicate == SIGNED else subjects[:1]:
                yield attestation(subject, self._held[key], kind=self._kind, predicate=predicate)

    def _statements(self, staged: StagedImage) -> Iterator[Mapping[str, Any]]:
        documents = (staged.index, *staged.content.documents[:-1])
        digests = [document.digest for document in documents]
        if self._notary:
            yield {
                "_type": provenance.STATEMENT_TYPE,
                "subject": provenance.subjects(staged.name, digests),
                "predicateType": SIGNED,
                "predicate": {},
            }
        yield provenance.statement(staged.name, digests, annotations(staged.index), self._ci)

    def _signed(self, statement: bytes) -> bytes:
        if self._key:
            return dsse_envelope(statement, self._key)
        return self._notary.sign(statement) if self._notary else statement

    def _statement_in(self, data: bytes) -> Mapping[str, Any]:
        """The statement in an attachment; empty where its signature is not by our key or notary."""
        try:
            if self._key:
                data = _signed_by(self._key, data)
            elif self._notary:
                data = self._notary.opened(data) or b""
            return read_object(data)
        except (ValueError, KeyError, TypeError):
            return {}


def is_signed(name: str, digest: str, repository: ImageRepository, key: ImageKey) -> bool:
    """Whether a repository has a statement signed by `key` that an image called `name` has this digest.

    Raises:
        RegistryError: the registry failed.
        FormatError: what is attached there is damaged.

    """
    [wanted] = provenance.subjects(name, [digest])
    return any(
        wanted in _subjects(_signed_by(key, envelope))
        for envelope in attached(digest, ATTESTATION, repository)
    )


def _signed_by(key: ImageKey, envelope: bytes) -> bytes:
    """The statement in an envelope; empty where `key` would not have written the same bytes."""
    try:
        statement = base64.b64decode(read_object(envelope)["payload"])
    except (ValueError, KeyError, TypeError):
        return b""
    return statement if dsse_envelope(statement, key) == envelope else b""


def _subjects(statement: bytes) -> Sequence[Any]:
    try:
        found = read_object(statement).get("subject")
    except DocumentError:
        return ()
    return found if isinstance(found, list) else ()


def _agree(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether two statements agree on everything but who made them, which another run may be."""
    return _without_the_run(found) == _without_the_run(wanted)


def _without_the_run(statement: Mapping[str, Any]) -> dict[str, Any]:
    predicate = statement.get("predicate") or {}
    told = {key: value for key, value in predicate.items() if key != "runDetails"}
    return {**statement, "predicate": told}
