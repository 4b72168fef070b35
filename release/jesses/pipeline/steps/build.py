"""Run the product's build commands, each into a staged tree of its own."""

from dataclasses import replace

from jesses.base.errors import CommandError
from jesses.base.runner import Command
from jesses.pipeline.context import Context, State
from jesses.plan.plan import PlannedBuild


def build(context: Context, state: State) -> State:
    """Every planned build, in the order of the configuration.

    A command runs in the directory of its component's sources and finds in its environment `JESSES_COMPONENT`,
    `JESSES_VERSION` (SemVer), `JESSES_ARCH`, `JESSES_STAGE` (the empty directory to fill) and
    `SOURCE_DATE_EPOCH`; of our own environment no secret that the configuration does not name.

    Raises:
        CommandError: a command fails or stages nothing.

    """
    trees = dict(state.trees)
    for planned in context.inputs.plan.builds:
        context.tools.progress(f"{planned.build} for {planned.arch}")
        tree = context.tools.workspace.scratch / "staged" / f"{planned.build}-{planned.arch}"
        tree.mkdir(parents=True)
        context.tools.runner(
            Command(
                argv=planned.command,
                cwd=state.sources[planned.component].directory,
                env=_environment(context, planned, str(tree)),
                variables=planned.environment,
            )
        )
        if not any(tree.iterdir()):
            raise CommandError(
                f"build {planned.build} for {planned.arch} staged nothing",
                fix="have its command fill the directory that JESSES_STAGE names",
            )
        trees[planned.build, planned.arch] = tree
    return replace(state, trees=trees)


def _environment(context: Context, planned: PlannedBuild, stage: str) -> dict[str, str]:
    version = context.inputs.plan.versions[planned.component]
    return {
        "JESSES_COMPONENT": planned.component,
        "JESSES_VERSION": str(version.version),
        "JESSES_ARCH": planned.arch,
        "JESSES_STAGE": stage,
        "SOURCE_DATE_EPOCH": str(version.commit.date),
    }
