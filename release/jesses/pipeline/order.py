"""The order of a release."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from jesses.base.naming.arch import Arch
from jesses.pipeline.context import Context, State, Step
from jesses.pipeline.parts import for_architectures, in_order, only_images, with_images
from jesses.pipeline.steps.build import build
from jesses.pipeline.steps.checkout import checkout
from jesses.pipeline.steps.collect import collect
from jesses.pipeline.steps.complete import check_complete, check_handed_over
from jesses.pipeline.steps.dockerfile import build_images
from jesses.pipeline.steps.hand_over import hand_over
from jesses.pipeline.steps.image import image
from jesses.pipeline.steps.manifest import manifest
from jesses.pipeline.steps.package import package
from jesses.pipeline.steps.preflight import preflight
from jesses.pipeline.steps.publish import check, claim, commit, stage, verify
from jesses.pipeline.steps.record import record
from jesses.pipeline.steps.reuse import reuse
from jesses.pipeline.steps.sbom import sbom
from jesses.pipeline.steps.sign import sign
from jesses.pipeline.steps.try_out import try_out

Steps = tuple[tuple[str, Step], ...]

PREPARE: Final[Steps] = (
    # what publishing needs is looked for before anything is built
    ("preflight", preflight),
    # what did not change is taken from where it was released
    ("reuse", reuse),
)

BUILD: Final[Steps] = (
    # the rest is made from its own commit
    ("checkout", checkout),
    # the product's own commands fill a staged tree for each architecture
    ("build", build),
    # staged trees become tarballs, DEBs and RPMs: from here on everything is ours and reproducible
    ("package", package),
)

ASSEMBLE: Final[Steps] = (
    # images reuse what the packages have compressed
    ("image", image),
    # each says what is in it
    ("sbom", sbom),
)

JOINED: Final[Steps] = (
    # everything that a command of the product makes comes from a job that holds no secret
    ("check what was handed over", check_handed_over),
)

COMPLETE: Final[Steps] = (
    # what was planned is there
    ("check that all is there", check_complete),
)

TRIALS: Final[Steps] = (
    # what users will install is installed, as it is but for signatures
    ("try out", try_out),
)

PUBLISH: Final[Steps] = (
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


PIPELINE: Final[Steps] = PREPARE + BUILD + ASSEMBLE + PUBLISH

Announce = Callable[[str], None]


def run(context: Context, *, announce: Announce) -> State:
    """Carry out the plan of `context`; `announce` is told the name of each step before it runs."""
    with context.destinations.journal.held():
        return _run(PIPELINE, context, State(), announce)


def build_part(
    context: Context, architectures: Iterable[Arch], *, announce: Announce, trials: bool = True
) -> State:
    """Build and package for some architectures, for `publish_part` to go on from on another machine.

    What is made for this machine's own architecture is tried here, too: no other machine may be able to.
    """
    wanted = tuple(architectures)
    part = context.for_plan(for_architectures(context.inputs.plan, wanted))
    images = ("image", build_images(wanted))
    last: Steps = (images, ("sbom", sbom), *(TRIALS if trials else ()), ("hand over", hand_over))
    return _run((*BUILD, *last), part, State(), announce)


def publish_part(
    context: Context, directories: Sequence[Path], *, announce: Announce, trials: bool = True
) -> State:
    """Join what was built in `directories`, assemble images, try the packages, publish all of it.

    No build command is run: this job holds the secrets, and a build could take them from its memory.

    Raises:
        CommandError: a package cannot be installed, used or removed.
        OutputError: something is missing, damaged, or was made from another commit.

    """
    context = context.for_plan(with_images(context.inputs.plan, directories))
    with context.destinations.journal.held():
        state = _run((*PREPARE, ("collect", collect(directories)), *JOINED), context, State(), announce)
        images = context.for_plan(only_images(context.inputs.plan))
        state = _run((("checkout", checkout),), images, state, announce)
        state = in_order(context.inputs.plan, _run(ASSEMBLE, context, state, announce))
        return _run((*COMPLETE, *(TRIALS if trials else ()), *PUBLISH), context, state, announce)


def _run(steps: Steps, context: Context, state: State, announce: Announce) -> State:
    for name, step in steps:
        announce(name)
        state = step(context, state)
    return state
