"""What vouches for an image: signatures, provenance, bills of materials. Made once, the same in every registry."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, Protocol

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
from jesses.publish.images import provenance
from jesses.publish.images.publisher import StagedImage, annotations

SPDX: Final = "application/spdx+json"
"""The registered type of an SPDX document (IANA)."""
SIGNED: Final = "https://sigstore.dev/cosign/sign/v1"
"""The type of a statement that only says: this is ours (cosign, pkg/types)."""


class Notary(Protocol):
    """Signs without a key, never twice the same; the signature is a Sigstore bundle."""

    def sign(self, statement: bytes) -> bytes: ...

    def opened(self, bundle: bytes) -> bytes | None:
        """The statement in a bundle that the notary stands by."""


@dataclass(frozen=True)
class UnsignedNotary:
    """A notary for a dry run: a public log takes down what is signed, so nothing is."""

    notary: Notary

    def sign(self, statement: bytes) -> bytes:
        return statement

    def opened(self, bundle: bytes) -> bytes | None:
        return self.notary.opened(bundle)


class Evidence:
    """Makes what travels with the images of a run: signed with `key`, or by `notary`, or with neither unsigned.

    What registries hold already is used again, so what one has all get. Several threads may use it.
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
            SigningError: who signs cannot be told.

        """
        wanted = {str(each["predicateType"]): each for each in self._statements(staged)}
        for data in attached(staged.index.digest, self._kind, staged.repository):
            found = self._opened(data)
            kind = found.get("predicateType", "")
            if kind in wanted and _says_the_same(found, wanted[kind]):
                self._held.setdefault((staged.index.digest, kind), data)

    def about(self, staged: StagedImage, name: str) -> Sequence[Attachment]:
        """All of it for one image, in the repository `name` (with its host).

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
                    self._held[key] = self._closed(encode(statement))
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

    def _closed(self, statement: bytes) -> bytes:
        if self._key:
            return dsse_envelope(statement, self._key)
        return self._notary.sign(statement) if self._notary else statement

    def _opened(self, data: bytes) -> Mapping[str, Any]:
        """The statement in an attachment; empty where it is none that we stand by."""
        try:
            if self._key:
                statement = _unsealed(data)
                data = statement if dsse_envelope(statement, self._key) == data else b""
            elif self._notary:
                data = self._notary.opened(data) or b""
            found = json.loads(data)
        except (ValueError, KeyError, TypeError):
            return {}
        return found if isinstance(found, dict) else {}


def _unsealed(envelope: bytes) -> bytes:
    return base64.b64decode(json.loads(envelope)["payload"])


def _says_the_same(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether two statements agree on everything but who made them, which another run may be."""
    return _without_the_run(found) == _without_the_run(wanted)


def _without_the_run(statement: Mapping[str, Any]) -> dict[str, Any]:
    predicate = statement.get("predicate") or {}
    told = {key: value for key, value in predicate.items() if key != "runDetails"}
    return {**statement, "predicate": told}
