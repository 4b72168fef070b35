"""A Sigstore of our own on loopback: an OIDC issuer, Fulcio with a transparency log of certificates, and Rekor.

They check what they are asked as the real ones do: the token, the proof that the key is had, the signature of what
is to be logged. Formats: https://github.com/sigstore/fulcio (certificate-specification.md),
https://github.com/sigstore/rekor (openapi.yaml, pkg/types/dsse), RFC 6962.
"""

import base64
import datetime as dt
import hashlib
import json
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

IDENTITY = "https://github.com/example/hawk/.github/workflows/release.yaml@refs/tags/1.2.0"
ISSUER = "https://token.actions.example.org"
REQUEST_TOKEN = "may-ask-for-a-token"

_SCT_LIST = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_ISSUER_V1 = ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_START = "2020-01-01T00:00:00Z"


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _canonical(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


class RefusedError(Exception):
    """What the services say no with."""


@dataclass
class Sigstore:
    """`entries` are what Rekor logged, `certificates` counts Fulcio's; with `refuses` Fulcio gives none."""

    url: str = ""
    refuses: bool = False
    certificates: int = 0
    entries: list[bytes] = field(default_factory=list)
    oidc: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    root: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    certificate_log: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    rekor: ec.EllipticCurvePrivateKey = field(default_factory=_key)

    def __post_init__(self) -> None:
        name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Sigstore of a test")])
        self.authority = (
            _validity(x509.CertificateBuilder(), dt.timedelta(days=1))
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.root.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.root.public_key()), critical=False)
            .sign(self.root, hashes.SHA256())
        )

    def token(self, *, audience: str = "sigstore", life: float = 300) -> str:
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": "repo:example/hawk", "aud": audience, "job": IDENTITY}
        return jwt.encode({**claims, "iat": now, "nbf": now, "exp": now + life}, self.oidc, algorithm="ES256")

    @property
    def github(self) -> dict[str, str]:
        """The environment of a job of GitHub Actions with `id-token: write`."""
        return {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
        }

    def trust_configuration(self, path: Path) -> Path:
        """Write what a client of this Sigstore must know to `path`."""
        service = {"url": self.url, "majorApiVersion": 1, "validFor": {"start": _START}, "operator": "test"}
        signing = {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [service],
            "oidcUrls": [],
            "rekorTlogUrls": [service],
            "tsaUrls": [],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaConfig": {"selector": "ANY"},
        }
        certificate = {"rawBytes": _text(self.authority.public_bytes(serialization.Encoding.DER))}
        trusted = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self._log(self.rekor)],
            "ctlogs": [self._log(self.certificate_log)],
            "certificateAuthorities": [
                {
                    "subject": {"organization": "Sigstore of a test", "commonName": ""},
                    "uri": self.url,
                    "certChain": {"certificates": [certificate]},
                    "validFor": {"start": _START},
                }
            ],
            "timestampAuthorities": [],
        }
        kind = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
        path.write_text(json.dumps({"mediaType": kind, "trustedRoot": trusted, "signingConfig": signing}))
        return path

    def _log(self, key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
        public = {"rawBytes": _text(_spki(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256"}
        return {
            "baseUrl": self.url,
            "hashAlgorithm": "SHA2_256",
            "publicKey": {**public, "validFor": {"start": _START}},
            "logId": {"keyId": _text(hashlib.sha256(_spki(key)).digest())},
        }

    def certify(self, token: str, request: bytes) -> list[str]:
        """Fulcio: a certificate for the key of a signing request, and those above it, in PEM."""
        if self.refuses:
            raise RefusedError("out of certificates")
        try:
            claims = jwt.decode(token, self.oidc.public_key(), algorithms=["ES256"], audience="sigstore")
        except jwt.InvalidTokenError as error:
            raise RefusedError(f"There was an error processing the identity token: {error}") from error
        asked = x509.load_pem_x509_csr(request)
        if not asked.is_signature_valid:
            raise RefusedError("the key is not theirs")
        self.certificates += 1
        builder = (
            _validity(x509.CertificateBuilder(), dt.timedelta(minutes=10))
            .subject_name(x509.Name([]))
            .issuer_name(self.authority.subject)
            .public_key(asked.public_key())
            .add_extension(_usage(), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(
                x509.SubjectAlternativeName([x509.UniformResourceIdentifier(claims["job"])]), critical=True
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.root.public_key()), critical=False
            )
            .add_extension(
                x509.UnrecognizedExtension(_ISSUER_V1, str(claims["iss"]).encode()), critical=False
            )
        )
        bare = builder.sign(self.root, hashes.SHA256()).tbs_certificate_bytes
        scts = x509.UnrecognizedExtension(_SCT_LIST, self._timestamp(bare))
        made = builder.add_extension(scts, critical=False).sign(self.root, hashes.SHA256())
        return [each.public_bytes(serialization.Encoding.PEM).decode() for each in (made, self.authority)]

    def _timestamp(self, certificate: bytes) -> bytes:
        """A list of one signed certificate timestamp (RFC 6962, 3.2 and 3.3), in DER."""
        now = int(time.time() * 1000)
        issuer = hashlib.sha256(_spki(self.root)).digest()
        entry = issuer + len(certificate).to_bytes(3) + certificate
        told = struct.pack("!BBQH", 0, 0, now, 1) + entry + struct.pack("!H", 0)
        signature = self.certificate_log.sign(told, ec.ECDSA(hashes.SHA256()))
        log = hashlib.sha256(_spki(self.certificate_log)).digest()
        sct = struct.pack("!B32sQH", 0, log, now, 0) + struct.pack("!BBH", 4, 3, len(signature)) + signature
        listed = struct.pack("!HH", len(sct) + 2, len(sct)) + sct
        return (
            bytes((4, len(listed))) + listed
            if len(listed) < 128
            else b"\x04\x81" + bytes((len(listed),)) + listed
        )

    def enter(self, proposed: dict[str, Any]) -> dict[str, Any]:
        """Rekor: log a signed envelope, each in a tree of its own."""
        content = proposed["spec"]["proposedContent"]
        envelope = json.loads(content["envelope"])
        [verifier], [signature] = content["verifiers"], envelope["signatures"]
        payload, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"].encode()
        signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
        key = x509.load_pem_x509_certificate(base64.b64decode(verifier)).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(base64.b64decode(signature["sig"]), signed, ec.ECDSA(hashes.SHA256()))
        body = _canonical(
            {
                "apiVersion": "0.0.1",
                "kind": "dsse",
                "spec": {
                    "envelopeHash": _digest(content["envelope"].encode()),
                    "payloadHash": _digest(payload),
                    "signatures": [{"signature": signature["sig"], "verifier": verifier}],
                },
            }
        )
        self.entries.append(body)
        return {hashlib.sha256(body).hexdigest(): self._entry(body)}

    def _entry(self, body: bytes) -> dict[str, Any]:
        log = hashlib.sha256(_spki(self.rekor)).digest()
        entry = {
            "body": _text(body),
            "integratedTime": int(time.time()),
            "logID": log.hex(),
            "logIndex": len(self.entries) - 1,
        }
        promise = self.rekor.sign(_canonical(entry), ec.ECDSA(hashes.SHA256()))
        leaf = hashlib.sha256(b"\0" + body).digest()
        name = str(urlsplit(self.url).hostname)
        note = f"{name} - 1\n1\n{_text(leaf)}\n"
        signature = log[:4] + self.rekor.sign(note.encode(), ec.ECDSA(hashes.SHA256()))
        proof = {
            "logIndex": 0,
            "treeSize": 1,
            "rootHash": leaf.hex(),
            "hashes": [],
            "checkpoint": f"{note}\n\u2014 {name} {_text(signature)}\n",
        }
        return {**entry, "verification": {"signedEntryTimestamp": _text(promise), "inclusionProof": proof}}


def _validity(builder: x509.CertificateBuilder, life: dt.timedelta) -> x509.CertificateBuilder:
    now = dt.datetime.now(tz=dt.UTC)
    start = now - dt.timedelta(minutes=1)
    return (
        builder.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(now + life)
    )


def _usage(*, signs_certificates: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _digest(data: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}


@contextmanager
def sigstore() -> Iterator[Sigstore]:
    """Its services on loopback, all at one address."""
    services = Sigstore()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if (
                self.headers["Authorization"] != f"bearer {REQUEST_TOKEN}"
                or "audience=sigstore" not in self.path
            ):
                self._answer(403, {"message": "not yours"})
                return
            self._answer(200, {"value": services.token()})

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                if self.path == "/api/v2/signingCert":
                    token = self.headers["Authorization"].removeprefix("Bearer ")
                    request = base64.b64decode(asked["certificateSigningRequest"])
                    chain = {"chain": {"certificates": services.certify(token, request)}}
                    self._answer(200, {"signedCertificateEmbeddedSct": chain})
                else:
                    assert self.path == "/api/v1/log/entries"
                    self._answer(201, services.enter(asked))
            except RefusedError as error:
                self._answer(400, {"code": 3, "message": str(error)})

        def _answer(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        services.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield services
        finally:
            http.shutdown()
            thread.join()
