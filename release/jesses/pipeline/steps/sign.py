"""Sign what carries its signature inside: RPM headers, and DEB files where the product asks for it.

Signed bytes are made once and recorded.
"""

from dataclasses import replace

from jesses.base.artifact import Artifact
from jesses.package.formats import deb_signature, rpm
from jesses.pipeline.context import Context, State
from jesses.signing import Signer


def sign(context: Context, state: State) -> State:
    """Sign every RPM, and every DEB if `sign_debs` is set; an unsigned run leaves them as they are.

    What is published with a signature already keeps it.
    """
    signer = context.destinations.signer
    if signer is None:
        return state
    debs = context.inputs.config.project.sign_debs
    artifacts = tuple(_signed(artifact, signer, debs=debs) for artifact in state.artifacts)
    return replace(state, artifacts=artifacts)


def _signed(artifact: Artifact, signer: Signer, *, debs: bool) -> Artifact:
    if artifact.signed_sha256:
        return artifact
    match artifact.kind:
        case "rpm":
            digest = rpm.sign(artifact.path, signer)
        case "deb" if debs:
            digest = deb_signature.sign(artifact.path, signer)
        case _:
            return artifact
    return replace(artifact, signed_sha256=digest, size=artifact.path.stat().st_size)
