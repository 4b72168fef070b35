"""The output's own table of contents: `artifacts.json`, `SHA256SUMS` and its signature, the public key."""

import json

from jesses.pipeline.context import Context, State
from jesses.pipeline.workspace import MANIFEST


def manifest(context: Context, state: State) -> State:
    """Write what describes the output, at its top."""
    output = context.tools.workspace.output
    data = {
        "project": context.inputs.plan.project,
        "channel": context.inputs.plan.channel,
        "signing_key": context.destinations.signer.fingerprint if context.destinations.signer else None,
        "artifacts": [
            artifact.row(artifact.path.relative_to(output).as_posix()) for artifact in state.artifacts
        ],
    }
    (output / MANIFEST).write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    sums = "".join(
        f"{artifact.published_sha256}  {artifact.path.relative_to(output)}\n"
        for artifact in state.artifacts
        if artifact.path.is_file()
    )
    (output / "SHA256SUMS").write_text(sums, encoding="utf-8")
    if context.destinations.signer:
        (output / "SHA256SUMS.asc").write_bytes(context.destinations.signer.detach(sums.encode()))
        (output / f"{context.inputs.plan.project}.asc").write_bytes(context.destinations.signer.public_key)
    return state
