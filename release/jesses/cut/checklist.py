"""The body of a release's issue: what the release manager does, with what is done already ticked."""

from jesses.cut.plan import CutPlan


def checklist(plan: CutPlan) -> str:
    """The issue for the release that `plan` would cut, as Markdown."""
    candidate = any(planned.version.prerelease for planned in plan.tags)
    lines = [
        f"# Release {plan.title}",
        "",
        f"Release manager: {plan.manager}",
        "",
        "| component | version | after | why |",
        "|---|---|---|---|",
        *(
            f"| {planned.component} | `{planned.tag}` | {planned.follows or '-'} | {'; '.join(planned.why)} |"
            for planned in plan.tags
        ),
        "",
        "## Before",
        "",
        *(
            f"- [{'x' if check.state == 'ok' else ' '}] {check.name}: {check.detail}"
            + (f" ({check.cure})" if check.cure else "")
            for check in plan.checks
        ),
        "",
        "## Cut",
        "",
        f"- [ ] `invoke release.cut`: {'new branch' if plan.creates_branch else 'branch'} `{plan.branch}`",
        *(f"- [ ] tag `{planned.tag}`" for planned in plan.tags),
        *(f"- [ ] backport {pick.message.partition(chr(10))[0]}" for pick in plan.picks),
        "",
        "## After",
        "",
        "- [ ] the tag's workflow is green, and `invoke release.status` shows every artifact as visible",
    ]
    if candidate:
        lines += [
            "- [ ] the candidate was tried",
            "- [ ] `invoke release.cut --rc` for another, or `--final`",
        ]
    elif plan.bring_back:
        lines += [f"- [ ] the pull request from `{plan.bring_back}` is merged"]
    return "\n".join(lines) + "\n"
