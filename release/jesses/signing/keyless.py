"""Signatures without a key of one's own: Fulcio certifies who runs this, by an OIDC token, and Rekor logs it.

Each signature is a Sigstore bundle, version 0.3, around an in-toto statement in a DSSE envelope
(https://docs.sigstore.dev/about/bundle/). The library `sigstore` does the work; it takes half a second to
import, and few runs need it.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from jesses.base.errors import SigningError

if TYPE_CHECKING:
    from sigstore.models import ClientTrustConfig
    from sigstore.oidc import IdentityToken
    from sigstore.sign import Signer

TOKEN_VARIABLE: Final = "SIGSTORE_ID_TOKEN"  # noqa: S105 - the name of a variable
"""Holds an OIDC token for the audience `sigstore`; cosign reads the same one."""
TRUST_VARIABLE: Final = "JESSES_SIGSTORE_TRUST_CONFIG"
"""Names a file with the client trust configuration of another Sigstore than the public one."""

_GITHUB_VARIABLE: Final = "ACTIONS_ID_TOKEN_REQUEST_URL"
_LIFE: Final = 300.0
"""Seconds for which a certificate is used: Fulcio's last ten minutes, and many tokens five."""


class Keyless:
    """Signs as whoever the token names that `give_token` gives; several threads may use it.

    Nothing is asked of anybody before the first signature.
    """

    def __init__(
        self,
        give_token: Callable[[], str],
        *,
        trust_file: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._give_token = give_token
        self._trust_file = trust_file
        self._clock = clock
        self._lock = Lock()
        self._current: tuple[float, Signer] | None = None

    def sign(self, statement: bytes) -> bytes:
        """A bundle around an in-toto statement, as JSON.

        Raises:
            SigningError: there is no usable token, or a service of Sigstore refuses or does not answer.

        """
        from sigstore.dsse import Statement  # noqa: PLC0415

        with self._lock, _translated("sign without a key"):
            return self._signer().sign_dsse(Statement(statement)).to_json().encode()

    def opened(self, bundle: bytes) -> bytes | None:
        """The statement in `bundle` where it is signed and logged by somebody of our OIDC issuer; else None.

        Raises:
            SigningError: there is no usable token, or what to trust cannot be had.

        """
        from sigstore.errors import Error  # noqa: PLC0415
        from sigstore.models import Bundle  # noqa: PLC0415
        from sigstore.verify import Verifier, policy  # noqa: PLC0415

        with self._lock, _translated("check a signature"):
            verifier = Verifier(trusted_root=self._trust.trusted_root)
            issuer = policy.OIDCIssuer(self._issuer)
        try:
            return verifier.verify_dsse(Bundle.from_json(bundle), issuer)[1]
        except (Error, ValueError):
            return None

    @cached_property
    def _trust(self) -> "ClientTrustConfig":
        from sigstore.models import ClientTrustConfig  # noqa: PLC0415

        if self._trust_file is None:
            return ClientTrustConfig.production()
        return ClientTrustConfig.from_json(self._trust_file.read_text(encoding="utf-8"))

    @cached_property
    def _issuer(self) -> str:
        return self._token().federated_issuer

    def _token(self) -> "IdentityToken":
        from sigstore.oidc import IdentityToken  # noqa: PLC0415

        return IdentityToken(self._give_token())

    def _signer(self) -> "Signer":
        from sigstore.sign import Signer, SigningContext  # noqa: PLC0415

        now = self._clock()
        if self._current is None or now - self._current[0] > _LIFE:
            context = SigningContext.from_trust_config(self._trust)
            self._current = now, Signer(self._token(), context)
        return self._current[1]


def from_environment(environment: Mapping[str, str]) -> Keyless | None:
    """Keyless signing where there is an OIDC token: in `SIGSTORE_ID_TOKEN`, or to be had from GitHub Actions."""
    trust = environment.get(TRUST_VARIABLE)
    trust_file = Path(trust) if trust else None
    if text := environment.get(TOKEN_VARIABLE):
        return Keyless(lambda: text, trust_file=trust_file)
    if environment.get(_GITHUB_VARIABLE):
        return Keyless(_from_github, trust_file=trust_file)
    return None


def _from_github() -> str:
    from sigstore.oidc import detect_credential  # noqa: PLC0415

    return detect_credential() or ""


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # the library's errors have no ancestor in common
        detail = str(error) or str(error.__cause__ or type(error).__name__)
        raise SigningError(
            f"cannot {what}: {detail}",
            fix="give the job an OIDC token for the audience sigstore (GitHub Actions: id-token: write), or set "
            "a key; docs/images.md tells of both",
        ) from error
