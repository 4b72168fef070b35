"""The order of a release."""

from collections.abc import Callable
from typing import Final

from release.steps import Context, State, Step
from release.steps.build import build
from release.steps.checkout import checkout
from release.steps.image import image
from release.steps.manifest import manifest
from release.steps.package import package
from release.steps.preflight import preflight
from release.steps.publish import check, claim, commit, stage, verify
from release.steps.record import record
from release.steps.reuse import reuse
from release.steps.sbom import sbom
from release.steps.sign import sign

PIPELINE: Final[tuple[tuple[str, Step], ...]] = (
    # what publishing needs is looked for before anything is built
    ("preflight", preflight),
    # what did not change is taken from where it was released; the rest is made from its own commit
    ("reuse", reuse),
    ("checkout", checkout),
    # the product's own commands fill a staged tree for each architecture
    ("build", build),
    # staged trees become tarballs, DEBs and RPMs: from here on everything is ours and reproducible
    ("package", package),
    # images reuse what the packages have compressed
    ("image", image),
    # each says what is in it
    ("sbom", sbom),
    # identities are fixed: one run takes the release, and the journal holds it to these bytes
    ("claim", claim),
    # what is published already is the same, and what is signed already stays as it is
    ("check", check),
    # signatures go on top and change no identity
    ("sign", sign),
    # immutable things go everywhere; nobody sees them yet
    ("stage", stage),
    # the output describes itself, with the signatures that count
    ("manifest", manifest),
    # what was staged is what was made
    ("verify", verify),
    # nothing can be wrong any more: flip the pointers
    ("commit", commit),
    # a later release finds here what did not change
    ("record", record),
)


def run(context: Context, *, announce: Callable[[str], None]) -> State:
    """Carry out the plan of `context`; `announce` is told the name of each step before it runs."""
    state = State()
    with context.journal.held():
        for name, step in PIPELINE:
            announce(name)
            state = step(context, state)
    return state
