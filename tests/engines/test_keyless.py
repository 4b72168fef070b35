"""Images signed without a key by a Sigstore on loopback, and checked by Sigstore's own verifier."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sigstore.models import Bundle, ClientTrustConfig
from sigstore.verify import Verifier, policy

from jesses.base.errors import SigningError
from jesses.image.registry.attachments import BUNDLE, attached
from jesses.image.registry.client import ImageRepository as Images
from jesses.image.registry.network import Network, new_session
from jesses.image.registry.transport import RegistryTransport
from jesses.signing import keyless, openpgp_key
from tests.engines.engines import DEBIAN_ROOT, CommandFailed, require
from tests.engines.product import Product
from tests.engines.sigstore_services import IDENTITY, ISSUER, Sigstore, sigstore
from tests.engines.verifiers import new_verifiers
from tests.support.hawk import PROJECT
from tests.support.repository import Repository

HAWK = (
    PROJECT
    + """
[components.hawk]
[builds.hawk]
component = "hawk"
command = ["sh", "build"]
[images.hawk]
component = "hawk"
build = "hawk"
contents = [{{ path = "/usr/share/hawk", staged = "hawk" }}]
[channels.stable]
store = "../site"
registries = {registries}
"""
)
BUILD = 'echo "for $JESSES_ARCH" > "$JESSES_STAGE/hawk"\n'
STATEMENT = json.dumps(
    {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "hawk", "digest": {"sha256": "a" * 64}}],
        "predicateType": "https://sigstore.dev/cosign/sign/v1",
        "predicate": {},
    }
).encode()


@pytest.fixture(scope="module")
def services() -> Iterator[Sigstore]:
    with sigstore() as running:
        yield running


def hawk(directory: Path, prefixes: list[str], services: Sigstore) -> Product:
    repository = Repository(directory / "hawk")
    text = HAWK.format(registries=json.dumps(prefixes))
    repository.commit({"release.toml": text, "build": BUILD})
    repository.git("tag", "1.2.0")
    trust = services.trust_configuration(directory / "trust.json")
    return Product(
        repository=repository,
        key=str(openpgp_key.generate("H <h@example.org>")),
        env={**services.github, keyless.TRUST_VARIABLE: str(trust)},
    )


def verified(image: str, trusted: object, identity: str, *command: str) -> subprocess.CompletedProcess[str]:
    """What cosign says of an image that somebody with `identity` must have signed."""
    require(DEBIAN_ROOT)
    with new_verifiers() as root:
        root.write("/trusted.json", json.dumps(trusted))
        return root.run(
            *("cosign", *command, "--trusted-root=/trusted.json", "--allow-http-registry"),
            *(f"--certificate-identity={identity}", f"--certificate-oidc-issuer={ISSUER}", image),
            check=False,
        )


def images(registry: str, name: str) -> Images:
    return Images(
        RegistryTransport(Network(host=registry, url=f"http://{registry}", session=new_session())), name
    )


def test_an_image_is_signed_once_for_all_registries_and_not_again(
    services: Sigstore, registry: str, tmp_path: Path
) -> None:
    before = len(services.entries)
    names = ["keyless-one", "keyless-two"]
    product = hawk(tmp_path, [f"{registry}/{name}" for name in names], services)
    product.release(tmp_path / "dist", "--channel", "stable")
    [digest] = [
        f"sha256:{row['sha256']}"
        for row in json.loads((tmp_path / "dist/artifacts.json").read_text())["artifacts"]
        if row["kind"] == "image"
    ]
    manifests = [
        entry["digest"] for entry in images(registry, "keyless-one/hawk").manifest(digest).json["manifests"]
    ]
    config = ClientTrustConfig.from_json((tmp_path / "trust.json").read_text())
    verifier = Verifier(trusted_root=config.trusted_root)
    held = {name: list(attached(digest, BUNDLE, images(registry, f"{name}/hawk"))) for name in names}
    assert held["keyless-one"] == held["keyless-two"]
    said = {}
    for bundle in held["keyless-one"]:
        who = policy.Identity(identity=IDENTITY, issuer=ISSUER)
        _, payload = verifier.verify_dsse(Bundle.from_json(bundle), who)
        statement = json.loads(payload)
        said[statement["predicateType"]] = [subject["digest"]["sha256"] for subject in statement["subject"]]
    subjects = [each.removeprefix("sha256:") for each in (digest, *manifests)]
    assert said == {
        "https://sigstore.dev/cosign/sign/v1": subjects,
        "https://slsa.dev/provenance/v1": subjects,
    }
    for manifest in manifests:
        [signature] = attached(manifest, BUNDLE, images(registry, "keyless-two/hawk"))
        assert signature in held["keyless-one"]
    assert len(services.entries) - before == 2

    image = f"{registry}/keyless-one/hawk@{digest}"
    trusted = json.loads((tmp_path / "trust.json").read_text())["trustedRoot"]
    for command in (("verify",), ("verify-attestation", "--type=slsaprovenance1")):
        ours = verified(image, trusted, IDENTITY, *command)
        assert ours.returncode == 0, ours.stderr
        others = verified(image, trusted, "https://github.com/somebody/else", *command)
        assert "expected SAN value" in others.stderr
        assert others.returncode != 0

    again = product.release(tmp_path / "again", "--channel", "stable")
    for name in names:
        assert f"registry {registry}/{name}: {registry}/{name} (0 new, " in again
    assert len(services.entries) - before == 2


def test_where_fulcio_refuses_no_tag_is_set(services: Sigstore, registry: str, tmp_path: Path) -> None:
    product = hawk(tmp_path, [f"{registry}/refused"], services)
    services.refuses = True
    try:
        with pytest.raises(CommandFailed, match="cannot sign without a key: 400 Client Error") as failed:
            product.release(tmp_path / "dist", "--channel", "stable")
    finally:
        services.refuses = False
    assert "id-token: write" in str(failed.value)
    assert images(registry, "refused/hawk").tags() == ()


def signer(services: Sigstore, directory: Path, token: str) -> keyless.Keyless:
    trust = services.trust_configuration(directory / "trust.json")
    found = keyless.from_environment({keyless.TOKEN_VARIABLE: token, keyless.TRUST_VARIABLE: str(trust)})
    assert found
    return found


@pytest.mark.parametrize("token", ["x.y.z", "for another audience", "run out"])
def test_a_token_that_is_none_is_an_error_that_says_so(
    services: Sigstore, token: str, tmp_path: Path
) -> None:
    given = {
        "for another audience": services.token(audience="somebody"),
        "run out": services.token(life=-60),
    }.get(token, token)
    before = services.certificates
    with pytest.raises(SigningError, match="cannot sign without a key: Identity token"):
        signer(services, tmp_path, given).sign(STATEMENT)
    assert services.certificates == before


def test_what_another_key_or_log_signed_is_not_ours(services: Sigstore, tmp_path: Path) -> None:
    ours = signer(services, tmp_path, services.token())
    bundle = ours.sign(STATEMENT)
    assert ours.opened(bundle) == STATEMENT
    assert ours.opened(b"{}") is None
    envelope = json.loads(bundle)
    envelope["dsseEnvelope"]["payload"] = "e30="
    assert ours.opened(json.dumps(envelope).encode()) is None
    with sigstore() as others:
        theirs = signer(others, tmp_path, others.token()).sign(STATEMENT)
    assert ours.opened(theirs) is None


def test_a_certificate_is_renewed_before_it_runs_out(services: Sigstore, tmp_path: Path) -> None:
    now = [0.0]
    trust = services.trust_configuration(tmp_path / "trust.json")
    subject = keyless.Keyless(services.token, trust_file=trust, clock=lambda: now[0])
    before = services.certificates
    for seconds in (0, 100, 299, 301, 400, 700):
        now[0] = seconds
        subject.sign(STATEMENT)
    assert services.certificates - before == 3
