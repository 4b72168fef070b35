"""What is attached to an image in a registry: signatures, provenance, bills of materials.

An attachment is a manifest that names the image as its `subject` (image specification 1.1, "manifest.md"), so
that the referrers API finds it. Where a registry has none, an index under the tag `sha256-<hex>` lists them
(distribution specification 1.1, "Referrers Tag Schema"). Signatures and attestations also go by the tags that
cosign and skopeo look for (https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md).
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from msgspec.structs import replace

from jesses.base.retry import SETTLING_TRIES
from jesses.image.manifest import (
    CONFIG,
    INDEX,
    Descriptor,
    Document,
    Manifest,
    digest_of,
    encode,
    parse_descriptor,
    parse_manifest,
)
from jesses.image.registry.client import ImageRepository, referrers_tag
from jesses.image.registry.push import ImageContent, PushResult, send
from jesses.image.registry.upload import Blob

SIGNATURE: Final = "application/vnd.dev.cosign.artifact.sig.v1+json"
ATTESTATION: Final = "application/vnd.dsse.envelope.v1+json"
STATEMENT: Final = "application/vnd.in-toto+json"
BUNDLE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
"""As cosign attaches it: https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md"""

_PAYLOAD: Final = "application/vnd.dev.cosign.simplesigning.v1+json"
_EMPTY: Final = "application/vnd.oci.empty.v1+json"
_SIGNATURE_KEY: Final = "dev.cosignproject.cosign/signature"


class ImageKey(Protocol):
    """A key that signs deterministically: the same bytes always get the same signature."""

    @property
    def public_key(self) -> bytes: ...

    def sign(self, data: bytes) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """One document about the image or manifest `subject`: `data` of the type `media_type`.

    `suffix` is that of cosign's tag, for what cosign looks for by a tag. `annotations` are those of the layer
    that the document is; `manifest_annotations` are also shown where attachments are listed.
    """

    subject: Descriptor
    artifact_type: str
    media_type: str
    data: bytes
    suffix: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    manifest_annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        return f"{referrers_tag(self.subject.digest)}.{self.suffix}" if self.suffix else ""

    @property
    def content(self) -> ImageContent:
        """The attachment as a registry holds it."""
        config_type, config = (CONFIG, _config(self.data)) if self.suffix else (_EMPTY, b"{}")
        layer = replace(_descriptor(self.media_type, self.data), annotations=self.annotations)
        manifest = Manifest(
            artifact_type=self.artifact_type,
            config=_descriptor(config_type, config),
            layers=(layer,),
            subject=self.subject,
            annotations=self.manifest_annotations,
        )
        blobs = tuple(
            Blob(digest=digest_of(data), size=len(data), source=data) for data in (config, self.data)
        )
        return ImageContent(blobs=blobs, documents=(manifest.encode(),))


def signature(repository: str, subject: Descriptor, key: ImageKey) -> Attachment:
    """A signature by `key`: `subject` is an image of `repository` (with its host).

    The payload is that of containers-signature(5), "simple signing", which cosign writes too.
    """
    payload = {
        "critical": {
            "identity": {"docker-reference": repository},
            "image": {"docker-manifest-digest": subject.digest},
            "type": "cosign container image signature",
        },
        "optional": None,
    }
    data = encode(payload)
    return Attachment(
        subject=subject,
        artifact_type=SIGNATURE,
        media_type=_PAYLOAD,
        data=data,
        suffix="sig",
        annotations={_SIGNATURE_KEY: base64.b64encode(key.sign(data)).decode()},
    )


def attestation(subject: Descriptor, data: bytes, *, kind: str, predicate: str) -> Attachment:
    """An in-toto statement about `subject` whose predicate is of the type `predicate`.

    `data` is a `BUNDLE`, an envelope that cosign finds (`ATTESTATION`), or the statement itself (`STATEMENT`).
    """
    annotations, manifest_annotations = {"predicateType": predicate}, {}
    if kind == ATTESTATION:
        annotations[_SIGNATURE_KEY] = ""
    if kind == BUNDLE:
        annotations, manifest_annotations = (
            {},
            {
                "dev.sigstore.bundle.content": "dsse-envelope",
                "dev.sigstore.bundle.predicateType": predicate,
            },
        )
    return Attachment(
        subject=subject,
        artifact_type=kind,
        media_type=kind,
        data=data,
        suffix="att" if kind == ATTESTATION else "",
        annotations=annotations,
        manifest_annotations=manifest_annotations,
    )


def dsse_envelope(statement: bytes, key: ImageKey) -> bytes:
    """A statement in an envelope signed by `key`; the same statement and key always give the same bytes.

    Format: DSSE 1.0, https://github.com/secure-systems-lab/dsse.
    """
    signed = b"DSSEv1 %d %b %d %b" % (len(STATEMENT), STATEMENT.encode(), len(statement), statement)
    envelope = {
        "payloadType": STATEMENT,
        "payload": base64.b64encode(statement).decode(),
        "signatures": [{"keyid": "", "sig": base64.b64encode(key.sign(signed)).decode()}],
    }
    return encode(envelope)


def attach(attachments: Sequence[Attachment], repository: ImageRepository) -> PushResult:
    """Have every attachment in the repository, findable from its image.

    Raises:
        RegistryError: the registry refuses it, or failures did not pass.

    """
    total = PushResult()
    for attachment in attachments:
        content = attachment.content
        [manifest] = content.documents
        total += send(content, repository)
        if attachment.tag:
            total += _tag(repository, attachment.tag, manifest)
        _list(repository, attachment, manifest)
    return total


def attached(subject: str, kind: str, repository: ImageRepository) -> Iterator[bytes]:
    """The documents of the type `kind` that the repository has about the image with the digest `subject`.

    Raises:
        RegistryError: one is missing, or failures did not pass.
        FormatError: one is no attachment.

    """
    for referrer in repository.referrers(subject):
        if referrer.get("artifactType") == kind:
            manifest = parse_manifest(repository.manifest(parse_descriptor(referrer).digest))
            for layer in manifest.layers[:1]:
                yield repository.read_blob(layer.digest)


def _tag(repository: ImageRepository, tag: str, manifest: Document) -> PushResult:
    found = repository.find_manifest(tag)
    if found and found.digest == manifest.digest:
        return PushResult()
    repository.put_manifest(manifest, tag)
    return PushResult(uploaded=1)


def _list(repository: ImageRepository, attachment: Attachment, manifest: Document) -> None:
    """Where the referrers API does not find it, add it to the index that stands in for the API."""
    subject = attachment.subject.digest
    entry = replace(
        manifest.descriptor,
        artifact_type=attachment.artifact_type,
        annotations=attachment.manifest_annotations,
    )
    for _ in range(SETTLING_TRIES):
        listed = repository.referrers(subject)
        if any(other.get("digest") == manifest.digest for other in listed):
            return
        if repository.put_manifest(manifest):
            return  # the registry knows subjects: it lists them itself
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*listed, entry.document()]}
        repository.put_manifest(Document(media_type=INDEX, data=encode(index)), referrers_tag(subject))


def _descriptor(media_type: str, data: bytes) -> Descriptor:
    return Descriptor(media_type=media_type, digest=digest_of(data), size=len(data))


def _config(data: bytes) -> bytes:
    """The configuration of an image without anything, which is what cosign and skopeo expect here."""
    date = "0001-01-01T00:00:00Z"
    rootfs = {"type": "layers", "diff_ids": [digest_of(data)]}
    config = {
        "architecture": "",
        "created": date,
        "history": [{"created": date}],
        "os": "",
        "rootfs": rootfs,
        "config": {},
    }
    return encode(config)
