"""See that nothing is missing before anything is published."""

from jesses.base.errors import OutputError
from jesses.package.formats.sbom import SUFFIX
from jesses.pipeline.context import Context, State
from jesses.pipeline.handover import BUILD_AGAIN


def check_handed_over(context: Context, state: State) -> State:
    """See that the jobs that build have handed over all that a command of the product makes.

    Raises:
        OutputError: something is missing.

    """
    made = {artifact.path.name for artifact in state.artifacts}
    packages = context.inputs.plan.packages
    lacking = {package.file_name: package.arch for package in packages if package.file_name not in made}
    lacking |= {
        f"the staged tree {image.build} for {image.name}": arch
        for image in context.inputs.plan.images
        for arch in image.archives
        if not image.dockerfile and (image.build, arch) not in state.trees
    }
    if lacking:
        options = " ".join(f"--arch {arch}" for arch in sorted(set(lacking.values())))
        raise OutputError(
            f"nobody has built {', '.join(lacking)}",
            fix=f"invoke build {options} --dist DIR, in a job without secrets",
        )
    return state


def check_complete(context: Context, state: State) -> State:
    """See that nothing of the plan is missing, before anything is published.

    Raises:
        OutputError: something is.

    """
    made = {artifact.path.name for artifact in state.artifacts}
    images = [image for image in context.inputs.plan.images if not image.skipped]
    fresh = [package.file_name for package in context.inputs.plan.packages if not package.released]
    fresh += [name for image in images for name in image.archives.values()]
    wanted = [package.file_name for package in context.inputs.plan.packages if package.released]
    wanted += [*(image.name for image in images), *fresh, *(name + SUFFIX for name in fresh)]
    if lacking := [name for name in wanted if name not in made]:
        raise OutputError(f"planned and missing: {', '.join(lacking)}", fix=BUILD_AGAIN)
    return state
