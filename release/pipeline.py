"""The order of a release."""

from collections.abc import Callable
from typing import Final

from release.steps import Context, State, Step
from release.steps.build import build
from release.steps.image import image
from release.steps.manifest import manifest
from release.steps.package import package
from release.steps.preflight import preflight
from release.steps.publish import commit, stage, verify
from release.steps.sign import sign

PIPELINE: Final[tuple[tuple[str, Step], ...]] = (
    # what publishing needs is looked for before anything is built
    ("preflight", preflight),
    # the product's own commands fill a staged tree for each architecture
    ("build", build),
    # staged trees become tarballs, DEBs and RPMs: from here on everything is ours and reproducible
    ("package", package),
    # images reuse what the packages have compressed
    ("image", image),
    # identities are fixed: signatures go on top and change none
    ("sign", sign),
    # the output describes itself, before anything leaves it
    ("manifest", manifest),
    # immutable things go everywhere; nobody sees them yet
    ("stage", stage),
    # what was staged is what was made
    ("verify", verify),
    # nothing can be wrong any more: flip the pointers
    ("commit", commit),
)


def run(context: Context, *, announce: Callable[[str], None]) -> State:
    """Carry out the plan of `context`; `announce` is told the name of each step before it runs."""
    state = State()
    for name, step in PIPELINE:
        announce(name)
        state = step(context, state)
    return state
