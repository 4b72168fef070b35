"""Install the packages where users would, before anything of them is published."""

import platform
from collections.abc import Iterator

from jesses.base.artifact import Artifact
from jesses.base.naming.arch import OCI, Arch, parse_arch
from jesses.config import Trial
from jesses.pipeline.context import Context, State
from jesses.pipeline.trial import script


def try_out(context: Context, state: State) -> State:
    """Every trial of the configuration, with the packages for this machine's architecture that are made.

    A trial for which not all of its packages are here is left to the job that has them.

    Raises:
        CommandError: a package cannot be installed or removed, or the trial's command fails.
        EngineError: no engine answers.

    """
    for name, trial in context.inputs.config.trials.items():
        arch = parse_arch(platform.machine())
        packages = list(_packages(trial, state, arch))
        wanted = set(trial.packages) or {artifact.name for artifact in packages}
        if not packages or wanted - {artifact.name for artifact in packages}:
            context.tools.progress(f"{name}: nothing to try on {arch}")
            continue
        context.tools.progress(
            f"{name}: {', '.join(artifact.path.name for artifact in packages)} on {trial.image}"
        )
        context.tools.containers.run(
            trial.image,
            ["sh", "-euc", script(trial.format, packages, trial.command)],
            platform=f"linux/{OCI[arch]}",
            files=[artifact.path for artifact in packages],
            network=trial.network,
        )
    return state


def _packages(trial: Trial, state: State, arch: Arch) -> Iterator[Artifact]:
    for artifact in state.artifacts:
        is_wanted = not trial.packages or artifact.name in trial.packages
        if artifact.kind == trial.format and artifact.arch in {arch, "noarch"} and is_wanted:
            yield artifact
