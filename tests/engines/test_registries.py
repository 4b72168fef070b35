"""One release to three real registries, read back with other people's tools."""

import base64
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from jesses.base.errors import RegistryError
from jesses.base.naming.arch import MACHINES, OCI, Arch
from jesses.image.registry.auth import Credential
from jesses.image.registry.client import ImageRepository, referrers_tag
from jesses.image.registry.network import Network, new_session
from jesses.image.registry.push import check, send
from jesses.image.registry.transport import RegistryTransport
from jesses.image.registry.upload import Blob
from jesses.signing import openpgp_key
from tests.engines.chroot import Root
from tests.engines.engines import DEBIAN_ROOT, EMULATOR, REGISTRY, SKOPEO, require, run
from tests.engines.product import KESTREL, Product, copy_of
from tests.engines.registries import (
    PASSWORD,
    USER,
    Registry,
    TokenServer,
    token_server,
    with_passwords,
    with_tokens,
)
from tests.engines.verifiers import new_verifiers
from tests.support.registry_bench import blob, image


@dataclass
class Registries:
    open: Registry
    passwords: Registry
    tokens: Registry
    server: TokenServer

    @property
    def all(self) -> tuple[Registry, ...]:
        return self.open, self.passwords, self.tokens


@pytest.fixture(scope="module")
def registries(registry: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registries]:
    require(REGISTRY)
    scratch = tmp_path_factory.mktemp("registries")
    with ExitStack() as stack:
        server = stack.enter_context(token_server(scratch / "tokens-authority"))
        yield Registries(
            open=Registry(address=registry),
            passwords=stack.enter_context(with_passwords(scratch / "passwords")),
            tokens=stack.enter_context(with_tokens(scratch / "tokens", server)),
            server=server,
        )


@dataclass
class Released:
    product: Product
    dist: Path
    public_key: Path
    output: str

    @property
    def digest(self) -> str:
        rows = json.loads((self.dist / "artifacts.json").read_text())["artifacts"]
        return next(f"sha256:{row['sha256']}" for row in rows if row["kind"] == "image")

    @property
    def configs(self) -> list[str]:
        """The digests of the configurations: what engines call an image's id."""
        blobs = self.dist / "images/kestrel/blobs/sha256"
        index = json.loads((blobs / self.digest[7:]).read_bytes())
        manifests = [json.loads((blobs / entry["digest"][7:]).read_bytes()) for entry in index["manifests"]]
        return [manifest["config"]["digest"] for manifest in manifests]


def public_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def without_what_needs_an_engine(configuration: str) -> str:
    return configuration[: configuration.index("# Needs a Docker engine")]


@pytest.fixture(scope="module")
def released(registries: Registries, tmp_path_factory: pytest.TempPathFactory) -> Released:
    base = tmp_path_factory.mktemp("published")
    prefixes = [f"{each.url}/example" for each in registries.all]
    channel = f'\n[channels.stable]\nstore = "../site"\nregistries = {json.dumps(prefixes)}\n'
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = base / "cosign.pub"
    public.write_bytes(public_pem(key))
    environment = {
        **registries.passwords.variables,
        **registries.tokens.variables,
        "REQUESTS_CA_BUNDLE": str(registries.passwords.authority),
        "JESSES_COSIGN_KEY": pem.decode(),
    }
    signing_key = str(openpgp_key.generate("Kestrel <kestrel@example.org>"))
    copied = copy_of(KESTREL, base / "kestrel", extra=channel, edit=without_what_needs_an_engine)
    copied.repository.git("tag", "1.2.0")
    product = Product(repository=copied.repository, key=signing_key, env=environment)
    output = product.release(base / "dist", "--channel", "stable")
    return Released(product=product, dist=base / "dist", public_key=public, output=output)


def skopeo(registry: Registry, *argv: str | Path) -> str:
    """What skopeo says about an image of that registry; the options go behind the command."""
    options: list[str | Path] = []
    if registry.scheme == "http":
        options.append("--tls-verify=false")
    elif registry.authority:
        options.append(f"--cert-dir={registry.authority.parent}")
    command, *rest = argv
    return run("skopeo", command, *options, f"--creds={USER}:{PASSWORD}", *rest).stdout


@pytest.mark.parametrize("kind", ["open", "passwords", "tokens"])
@pytest.mark.parametrize("tag", ["1.2.0", "1.2", "1", "latest"])
def test_every_registry_has_the_same_image_under_every_tag(
    kind: str, tag: str, registries: Registries, released: Released
) -> None:
    require(SKOPEO)
    registry: Registry = getattr(registries, kind)
    raw = skopeo(registry, "inspect", "--raw", f"docker://{registry.address}/example/kestrel:{tag}")
    assert raw == (released.dist / "images/kestrel/blobs/sha256" / released.digest[7:]).read_text()
    platforms = [manifest["platform"]["architecture"] for manifest in json.loads(raw)["manifests"]]
    assert platforms == ["amd64", "arm64"]


@pytest.mark.parametrize("arch", MACHINES)
def test_the_image_is_pulled_by_tag_and_prints_its_version(
    arch: Arch, docker_engine: docker.DockerClient, registries: Registries, released: Released
) -> None:
    if arch != os.uname().machine:
        require(EMULATOR)
    name = f"{registries.open.address}/example/kestrel"
    image = docker_engine.images.pull(name, tag="1.2", platform=f"linux/{OCI[arch]}")
    assert image.id in released.configs
    output = docker_engine.containers.run(
        str(image.id), ["--version"], network_mode="none", remove=True, platform=f"linux/{OCI[arch]}"
    )
    assert b"1.2.0" in output


def test_publishing_again_sends_nothing_and_says_so(registries: Registries, released: Released) -> None:
    output = released.product.release(released.dist.with_name("again"), "--channel", "stable")
    for registry in registries.all:
        [line] = [line for line in output.splitlines() if line.startswith(f"registry {registry.address}")]
        assert "(0 new, " in line


def test_a_dry_run_says_which_tags_would_move_and_moves_none(
    registries: Registries, released: Released
) -> None:
    repository = released.product.repository
    repository.commit(message="fix: a smaller thing")
    repository.git("tag", "1.2.1")
    before = reader(registries.open, "example/kestrel").tags()
    try:
        output = released.product.release(released.dist.with_name("dry"), "--channel", "stable", "--dry-run")
    finally:
        repository.git("tag", "--delete", "1.2.1")
        repository.git("reset", "--hard", "HEAD~1")
    said = dict(
        line.split()[:2]
        for line in output.splitlines()
        if "/example/kestrel:" in line and "sha256" not in line
    )
    for registry in registries.all:
        name = f"{registry.address}/example/kestrel"
        assert {tag: kind for tag, kind in said.items() if tag.startswith(name)} == {
            f"{name}:1.2.1": "new",
            **dict.fromkeys((f"{name}:{tag}" for tag in ("1.2", "1", "latest")), "replaced"),
        }
    assert reader(registries.open, "example/kestrel").tags() == before
    assert not released.dist.with_name("dry").exists()


def test_the_signature_verifies_with_openssl(
    registries: Registries, released: Released, tmp_path: Path
) -> None:
    repository = reader(registries.open, "example/kestrel")
    [layer] = repository.manifest(f"{referrers_tag(released.digest)}.sig").json["layers"]
    (tmp_path / "payload").write_bytes(repository.read_blob(layer["digest"]))
    signature = base64.b64decode(layer["annotations"]["dev.cosignproject.cosign/signature"])
    (tmp_path / "signature").write_bytes(signature)
    verify = ("openssl", "dgst", "-sha256", "-verify", released.public_key)
    said = run(*verify, "-signature", tmp_path / "signature", tmp_path / "payload").stdout
    assert said == "Verified OK\n"


@pytest.fixture
def skopeo_settings(tmp_path: Path) -> Path:
    """A directory that tells skopeo to look for signatures beside images."""
    settings = tmp_path / "registries.d"
    settings.mkdir()
    (settings / "default.yaml").write_text("default-docker: {use-sigstore-attachments: true}\n")
    return settings


def test_skopeo_takes_the_signatures_along(
    registries: Registries, released: Released, skopeo_settings: Path
) -> None:
    require(SKOPEO)
    address = registries.open.address
    run(
        *("skopeo", "--insecure-policy", "--registries.d", skopeo_settings, "copy", "--all"),
        *("--src-tls-verify=false", "--dest-tls-verify=false"),
        *(f"docker://{address}/example/kestrel:1.2.0", f"docker://{address}/copies/kestrel:1.2.0"),
    )
    theirs, ours = (reader(registries.open, name) for name in ("copies/kestrel", "example/kestrel"))
    tag = f"{referrers_tag(released.digest)}.sig"
    assert theirs.manifest(tag).json["layers"] == ours.manifest(tag).json["layers"]


@pytest.fixture(scope="module")
def verifiers(released: Released, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """skopeo and cosign, with the key of the release at /ours.pub and somebody's at /other.pub."""
    require(DEBIAN_ROOT)
    other = tmp_path_factory.mktemp("keys") / "other.pub"
    other.write_bytes(public_pem(ec.generate_private_key(ec.SECP256R1())))
    with new_verifiers() as root:
        root.copy(released.public_key, "/ours.pub")
        root.copy(other, "/other.pub")
        root.write("/settings/default.yaml", "default-docker: {use-sigstore-attachments: true}\n")
        yield root


def test_skopeo_takes_the_image_where_a_policy_asks_for_our_signature(
    registries: Registries, verifiers: Root
) -> None:
    address = registries.open.address

    def copied(key: str, *, by: str) -> subprocess.CompletedProcess[str]:
        wanted = {"type": "sigstoreSigned", "keyPath": key, "signedIdentity": {"type": by}}
        policy = {"default": [{"type": "reject"}], "transports": {"docker": {address: [wanted]}}}
        verifiers.write("/policy.json", json.dumps(policy))
        return verifiers.run(
            *("skopeo", "--policy", "/policy.json", "--registries.d", "/settings"),
            *("copy", "--src-tls-verify=false", f"docker://{address}/example/kestrel:1.2.0"),
            f"dir:/tmp/{Path(key).stem}-{by}",
            check=False,
        )

    ours = copied("/ours.pub", by="matchRepository")
    assert ours.returncode == 0, ours.stderr
    others = copied("/other.pub", by="matchRepository")
    assert "cryptographic signature verification failed" in others.stderr
    assert others.returncode != 0


def test_cosign_verifies_the_image_and_where_it_comes_from(
    registries: Registries, released: Released, verifiers: Root
) -> None:
    image = f"{registries.open.address}/example/kestrel:1.2.0"

    def verified(command: str, key: str, *more: str) -> subprocess.CompletedProcess[str]:
        options = ("--insecure-ignore-tlog", "--allow-http-registry", "--key", key)
        return verifiers.run("cosign", command, *options, *more, image, check=False)

    for command, more in (("verify", ()), ("verify-attestation", ("--type", "slsaprovenance1"))):
        ours, others = (verified(command, key, *more) for key in ("/ours.pub", "/other.pub"))
        assert ours.returncode == 0, ours.stderr
        assert others.returncode != 0
        if command == "verify":
            [said] = json.loads(ours.stdout)
            assert said["critical"]["image"]["docker-manifest-digest"] == released.digest


def test_the_provenance_is_found_from_the_image(registries: Registries, released: Released) -> None:
    repository = reader(registries.open, "example/kestrel")
    kinds = {referrer["artifactType"] for referrer in repository.referrers(released.digest)}
    assert "application/vnd.dsse.envelope.v1+json" in kinds
    [layer] = repository.manifest(f"{referrers_tag(released.digest)}.att").json["layers"]
    envelope = json.loads(repository.read_blob(layer["digest"]))
    statement = json.loads(base64.b64decode(envelope["payload"]))
    commit = released.product.repository.git("rev-parse", "HEAD")
    definition = statement["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["revision"] == commit
    assert {"sha256": released.digest[7:]} in [subject["digest"] for subject in statement["subject"]]


def test_the_bill_of_materials_is_found_from_the_image_of_each_architecture(
    registries: Registries, released: Released
) -> None:
    repository = reader(registries.open, "example/kestrel")
    for entry in repository.manifest(released.digest).json["manifests"]:
        [bom] = [
            referrer
            for referrer in repository.referrers(entry["digest"])
            if referrer["artifactType"] == "application/spdx+json"
        ]
        [layer] = repository.manifest(bom["digest"]).json["layers"]
        document = json.loads(repository.read_blob(layer["digest"]))
        assert document["spdxVersion"].startswith("SPDX-")
        assert entry["digest"].removeprefix("sha256:") in json.dumps(document)


def reader(registry: Registry, name: str) -> ImageRepository:
    transport = RegistryTransport(Network(host=registry.address, url=registry.url, session=new_session()))
    return ImageRepository(transport, name)


def repository(registry: Registry, name: str, *, password: str = PASSWORD) -> ImageRepository:
    session = new_session()
    if registry.authority:
        session.trust_env = False  # the machine's own authorities would come first
        session.verify = str(registry.authority)
    transport = RegistryTransport(
        Network(host=registry.address, url=registry.url, session=session),
        credential=Credential(username=USER, password=password, source="the test"),
    )
    return ImageRepository(transport, name, writes=True)


@pytest.mark.parametrize("kind", ["passwords", "tokens"])
def test_a_wrong_password_is_an_error_that_says_so(kind: str, registries: Registries) -> None:
    registry: Registry = getattr(registries, kind)
    with pytest.raises(RegistryError, match=r"refuses user me \(from the test\)"):
        repository(registry, "example/x", password="wrong").check_push()


def test_a_token_without_the_right_to_push_is_an_error_that_says_so(registries: Registries) -> None:
    registries.server.actions = frozenset({"pull"})
    try:
        with pytest.raises(RegistryError, match="does not allow user me"):
            repository(registries.tokens, "example/x").check_push()
    finally:
        registries.server.actions = frozenset({"pull", "push"})


def test_a_certificate_of_an_unknown_authority_is_an_error_that_says_so(registries: Registries) -> None:
    transport = RegistryTransport(
        Network(host=registries.passwords.address, url=registries.passwords.url, session=new_session())
    )
    with pytest.raises(RegistryError, match="cannot be trusted") as caught:
        ImageRepository(transport, "example/x").check_push()
    assert "REQUESTS_CA_BUNDLE" in caught.value.fix


@pytest.mark.parametrize("told", [2, 300], ids=["it says so", "it comes as a surprise"])
def test_a_token_that_runs_out_in_the_middle_of_a_push_is_renewed(told: int, registries: Registries) -> None:
    server = registries.server
    server.life, server.told = 2, told
    before = server.given
    content = image(*(os.urandom(1000) for _ in range(4)))
    there = repository(registries.tokens, f"example/slow-{told}")
    try:
        send(content, there, threads=1, progress=lambda *_: time.sleep(0.8))
    finally:
        server.life, server.told = 300, 300
    check(content, there)
    assert server.given - before >= 2


def test_a_blob_is_mounted_from_another_repository(registries: Registries) -> None:
    for registry in registries.all:
        base = blob(os.urandom(1000))
        repository(registry, "library/base").put_blob(base)
        assert (
            repository(registry, "example/mounts").put_blob(
                Blob(digest=base.digest, size=base.size, source=base.source, origin="library/base")
            )
            == "mounted"
        )


def test_a_missing_image_is_an_error_that_names_it(registries: Registries) -> None:
    with pytest.raises(RegistryError, match="has no 9"):
        repository(registries.open, "example/none").manifest("9.9")
