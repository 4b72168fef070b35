"""What travels with an image is found from it, in registries with and without the referrers API."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from jesses.image.registry.attachments import (
    ATTESTATION,
    BUNDLE,
    SIGNATURE,
    STATEMENT,
    Attachment,
    attach,
    attached,
    attestation,
    dsse_envelope,
    signature,
)
from jesses.image.registry.client import referrers_tag
from jesses.image.registry.push import send
from jesses.signing.ecdsa import EcdsaKey, verifies
from tests.support.fake_registry import FakeRegistry
from tests.support.registry_bench import Bench, image

KEY = EcdsaKey(ec.derive_private_key(7, ec.SECP256R1()))
CONTENT = image(b"layer")
INDEX = CONTENT.documents[-1]
SUBJECT = INDEX.descriptor
SLSA = "https://slsa.dev/provenance/v1"
SAID = {"_type": "https://in-toto.io/Statement/v1", "predicateType": SLSA}
BODY = json.dumps(SAID).encode()
NAME = "registry.example.org/example/kestrel"


@pytest.fixture(params=[True, False], ids=["referrers", "tags"])
def bench(request: pytest.FixtureRequest) -> Bench:
    bench = Bench(FakeRegistry())
    bench.registry.has_referrers = request.param
    send(CONTENT, bench.repository())
    return bench


def provenance(data: bytes, kind: str = ATTESTATION) -> Attachment:
    return attestation(SUBJECT, data, kind=kind, predicate=SLSA)


def document(bench: Bench, tag: str) -> dict[str, Any]:
    return bench.repository().manifest(tag).json


def test_a_signature_is_found_by_its_tag_and_verifies(bench: Bench) -> None:
    attach([signature(NAME, SUBJECT, KEY)], bench.repository())
    [layer] = document(bench, f"{referrers_tag(INDEX.digest)}.sig")["layers"]
    payload = bench.repository().read_blob(layer["digest"])
    made = base64.b64decode(layer["annotations"]["dev.cosignproject.cosign/signature"])
    assert verifies(KEY.public_key, payload, made)
    said = json.loads(payload)["critical"]
    assert said["image"] == {"docker-manifest-digest": INDEX.digest}
    assert said["identity"] == {"docker-reference": NAME}


def test_an_attestation_is_a_signed_envelope(bench: Bench) -> None:
    attach([provenance(dsse_envelope(BODY, KEY))], bench.repository())
    [layer] = document(bench, f"{referrers_tag(INDEX.digest)}.att")["layers"]
    envelope = json.loads(bench.repository().read_blob(layer["digest"]))
    body = base64.b64decode(envelope["payload"])
    assert json.loads(body) == SAID
    kind = envelope["payloadType"].encode()
    signed = b" ".join((b"DSSEv1", str(len(kind)).encode(), kind, str(len(body)).encode(), body))
    assert verifies(KEY.public_key, signed, base64.b64decode(envelope["signatures"][0]["sig"]))


def test_everything_is_found_from_the_image(bench: Bench) -> None:
    attach([signature(NAME, SUBJECT, KEY), provenance(dsse_envelope(BODY, KEY))], bench.repository())
    found = [
        document(bench, referrer["digest"])["artifactType"]
        for referrer in bench.repository().referrers(INDEX.digest)
    ]
    assert sorted(found) == sorted([SIGNATURE, ATTESTATION])
    assert document(bench, f"{referrers_tag(INDEX.digest)}.sig")["subject"]["digest"] == INDEX.digest


def test_attaching_again_writes_nothing(bench: Bench) -> None:
    attachments = [signature(NAME, SUBJECT, KEY), provenance(dsse_envelope(BODY, KEY))]
    attach(attachments, bench.repository())
    bench.registry.requests.clear()
    result = attach(attachments, bench.repository())
    assert result.uploaded == 0
    assert result.present > 0
    assert {request.method for request in bench.registry.requests} <= {"GET", "HEAD"}


def test_without_a_key_a_statement_goes_plain(bench: Bench) -> None:
    attach([provenance(BODY, STATEMENT)], bench.repository())
    [referrer] = bench.repository().referrers(INDEX.digest)
    [layer] = document(bench, referrer["digest"])["layers"]
    assert json.loads(bench.repository().read_blob(layer["digest"])) == SAID


def test_a_bundle_is_attached_as_cosign_does_it(bench: Bench) -> None:
    attach([provenance(b"a bundle", BUNDLE)], bench.repository())
    [referrer] = bench.repository().referrers(INDEX.digest)
    notes = {"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": SLSA}
    assert (referrer["artifactType"], referrer["annotations"]) == (BUNDLE, notes)
    made = document(bench, referrer["digest"])
    assert (made["artifactType"], made["annotations"]) == (BUNDLE, notes)
    assert made["config"]["mediaType"] == "application/vnd.oci.empty.v1+json"
    assert [layer["mediaType"] for layer in made["layers"]] == [BUNDLE]
    assert "annotations" not in made["layers"][0]


def test_what_is_attached_is_found_by_its_kind(bench: Bench) -> None:
    attach([provenance(b"a bundle", BUNDLE), provenance(dsse_envelope(BODY, KEY))], bench.repository())
    assert list(attached(INDEX.digest, BUNDLE, bench.repository())) == [b"a bundle"]
    assert list(attached(INDEX.digest, ATTESTATION, bench.repository())) == [dsse_envelope(BODY, KEY)]
    assert list(attached(INDEX.digest, STATEMENT, bench.repository())) == []
