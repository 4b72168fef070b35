"""Real registries of three kinds: open, with passwords over TLS, and behind a token server."""

import base64
import datetime as dt
import ipaddress
import json
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from tests.engines.daemons import daemon
from tests.engines.engines import run

USER, PASSWORD = "me", "correct horse"
LEEWAY = 60
"""Seconds for which docker-registry 2.8 takes a token that has run out (registry/auth/token, `Leeway`)."""


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A registry that runs; `prefix` is what stands before repositories, with its scheme where it needs one."""

    address: str
    scheme: str = "http"
    authority: Path | None = None

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.address}"

    @property
    def variables(self) -> dict[str, str]:
        """Our name and password there, as `release/jesses/image/registry/credentials.py` looks for them."""
        stem = "JESSES_REGISTRY_" + re.sub("[^0-9]", "_", self.address)
        return {f"{stem}_USERNAME": USER, f"{stem}_PASSWORD": PASSWORD}


@dataclass
class Authority:
    """A self-made certificate authority, and a certificate of it for loopback, all in `directory`."""

    directory: Path
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        now = dt.datetime.now(tz=dt.UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
                critical=False,
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        )
        self.certificate = builder.sign(self.key, hashes.SHA256())
        self.directory.mkdir()
        self.certificate_file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        self.key_file.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )

    @property
    def certificate_file(self) -> Path:
        return self.directory / "ca.crt"

    @property
    def key_file(self) -> Path:
        return self.directory / "server.pem"


@contextmanager
def with_passwords(scratch: Path) -> Iterator[Registry]:
    """A registry that wants a name and password, over TLS of its own authority."""
    authority = Authority(scratch.with_name(f"{scratch.name}-authority"))
    salt = "$2y$05$" + "abcdefghijklmnopqrstuu"  # bcrypt is all that this registry takes
    hashed = run("perl", "-e", "print crypt($ARGV[0], $ARGV[1])", PASSWORD, salt).stdout
    passwords = authority.directory / "htpasswd"
    passwords.write_text(f"{USER}:{hashed}\n")
    tls = f"tls: {{certificate: '{authority.certificate_file}', key: '{authority.key_file}'}}"
    auth = f"auth: {{htpasswd: {{realm: test, path: '{passwords}'}}}}"
    with _registry(scratch, http=tls, more=auth) as address:
        yield Registry(address=address, scheme="https", authority=authority.certificate_file)


@contextmanager
def with_tokens(scratch: Path, server: "TokenServer") -> Iterator[Registry]:
    """A registry that takes the tokens of `server`."""
    root = server.authority.certificate_file
    auth = (
        f"auth: {{token: {{realm: '{server.url}', service: test, issuer: test, rootcertbundle: '{root}'}}}}"
    )
    with _registry(scratch, more=auth) as address:
        yield Registry(address=address)


@contextmanager
def _registry(scratch: Path, *, http: str = "", more: str = "") -> Iterator[str]:
    scratch.mkdir()
    config, log = scratch / "config.yml", scratch / "log"
    config.write_text(
        f"version: 0.1\nlog: {{level: info}}\nhttp:\n  addr: '127.0.0.1:0'\n  {http}\n"
        f"storage: {{filesystem: {{rootdirectory: '{scratch}/data'}}, delete: {{enabled: true}}}}\n{more}\n",
        encoding="utf-8",
    )
    listening = re.compile(r"listening on (127\.0\.0\.1:\d+)")

    def address() -> str | None:
        found = listening.search(log.read_text(encoding="utf-8"))
        return found and found[1]

    with daemon("docker-registry", "serve", config, log=log, ready=lambda: address() is not None):
        yield str(address())


@dataclass
class TokenServer:
    """Gives tokens for what is asked for, to whom has the password.

    They say that they live for `told` seconds, and really live for `life`.
    """

    authority: Authority
    life: float = 300
    told: int = 300
    actions: frozenset[str] = frozenset({"pull", "push"})
    given: int = 0
    url: str = ""

    def token(self, scopes: list[str]) -> str:
        self.given += 1
        now = time.time()
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":")
            allowed = [action for action in actions.split(",") if action in self.actions]
            access.append({"type": kind, "name": name, "actions": allowed})
        claims = {
            "iss": "test",
            "sub": USER,
            "aud": "test",
            "exp": int(now + self.life) - LEEWAY,
            "nbf": int(now) - 2 * LEEWAY,
            "iat": int(now),
            "jti": secrets.token_hex(),
            "access": access,
        }
        der = self.authority.certificate.public_bytes(serialization.Encoding.DER)
        header = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(der).decode()]}
        text = f"{_base64(json.dumps(header).encode())}.{_base64(json.dumps(claims).encode())}"
        signature = self.authority.key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
        raw = b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(signature))
        return f"{text}.{_base64(raw)}"


@contextmanager
def token_server(scratch: Path) -> Iterator[TokenServer]:
    """A token server on loopback."""
    server = TokenServer(Authority(scratch))
    expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Authorization") != expected:
                self._answer(401, {"details": "incorrect username or password"})
                return
            query = parse_qs(urlsplit(self.path).query)
            token = server.token(query.get("scope", []))
            self._answer(200, {"token": token, "expires_in": server.told})

        def _answer(self, status: int, document: dict[str, object]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_address[1]}/token"
        thread = Thread(target=http.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
