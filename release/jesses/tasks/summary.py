"""What a CI system shows of a run."""

from pathlib import Path

from jesses.history.notes import artifact_table
from jesses.pipeline.session import Report


def append_summary(path: Path, report: Report) -> None:
    """Add the artifacts and where they went to a Markdown file, as GITHUB_STEP_SUMMARY wants it."""
    publications = [
        f"- {each.publisher}: {each.location} ({each.uploaded} new, {each.present} there already)"
        for each in report.publications
    ]
    versions = [f"- {name} `{value.version}`" for name, value in report.plan.versions.items()]
    text = "\n".join(
        [f"## {report.plan.project}", "", *versions, *publications, "", artifact_table(report.artifacts), ""]
    )
    with path.open("a", encoding="utf-8") as stream:
        stream.write(f"{text}\n")
