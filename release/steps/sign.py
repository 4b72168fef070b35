"""Sign what carries its signature inside: RPM headers. Signed bytes are made once and recorded."""

from dataclasses import replace

from release.artifact import Artifact
from release.formats import rpm
from release.signing import Signer
from release.steps import Context, State


def sign(context: Context, state: State) -> State:
    """Sign every RPM that is not published with a signature yet; an unsigned run leaves them as they are."""
    signer = context.signer
    if signer is None:
        return state
    return replace(state, artifacts=tuple(_signed(artifact, signer) for artifact in state.artifacts))


def _signed(artifact: Artifact, signer: Signer) -> Artifact:
    if artifact.kind != "rpm" or artifact.signed_sha256:
        return artifact
    digest = rpm.sign(artifact.path, signer)
    return replace(artifact, signed_sha256=digest, size=artifact.path.stat().st_size)
