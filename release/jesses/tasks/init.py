"""`invoke init`."""

from invoke.context import Context
from invoke.tasks import task

from jesses.tasks.command import command


@task(
    help={
        "directory": "the repository to look at",
        "force": "write workflows anew where they are there already",
        "jesses": "the jesses to install, as pip has it; otherwise this one, by its repository and commit",
    }
)
@command
def init(c: Context, directory: str = ".", force: bool = False, jesses: str = "") -> None:
    """Look at a repository, and write release.toml, tasks.py, build stubs and GitHub workflows for it."""
    import sys
    from dataclasses import replace
    from pathlib import Path

    from jesses.base.resources import package_directory, workflow_templates
    from jesses.history.git import run_git
    from jesses.tasks.scaffold.facts import facts_of
    from jesses.tasks.scaffold.requirement import own_requirement
    from jesses.tasks.scaffold.workflows import PRODUCT, workflows
    from jesses.tasks.scaffold.write import files, write

    root = Path(directory)
    facts = facts_of(root, run_git)
    requirement = "" if facts.has_requirements else jesses or own_requirement(package_directory())
    written, kept = write(root, files(facts, requirement), force=False)
    setting = replace(PRODUCT, branch=facts.branch)
    more, there = write(root, workflows(workflow_templates(), setting), force=force)
    for name in (*written, *more):
        sys.stdout.write(f"wrote {name}\n")
    for name in (*kept, *there):
        sys.stdout.write(f"kept {name} as it is\n")
    sys.stdout.write("next: look over release.toml, commit, and run `invoke plan`\n")
