from pathlib import Path

from semver import Version

from jesses.base.artifact import Artifact
from jesses.history.notes import Change
from jesses.history.notes.render import artifact_table, notes, section

GOLDEN = Path(__file__).parent / "golden"

CHANGES = (
    Change(kind="bug", text="fix: a", author="@ada", author_url="https://h/ada", number=2, url="https://h/2"),
    Change(kind="other", text="docs: b", author="Bo", number=3),
    Change(kind="major", text="new(driver): c", author="@ada", author_url="https://h/ada"),
    Change(kind="rule", text="rule(Shell): d", author="Cy"),
    Change(kind="minor", text="update: e", author="Cy"),
)


def test_a_section_reads_as_the_golden_file_says() -> None:
    text = section(
        tag="1.2.0", date=1_700_000_000, changes=CHANGES, first_time=("@ada", "Bo"), compare="https://h/c"
    )
    assert text == (GOLDEN / "section.md").read_text()


def test_notes_read_as_the_golden_file_says() -> None:
    artifact = Artifact(
        path=Path("dist/kestrel-1.2.0-x86_64.rpm"),
        kind="rpm",
        component="userspace",
        name="kestrel",
        version=Version.parse("1.2.0"),
        arch="x86_64",
        size=1,
        sha256="1" * 64,
        signed_sha256="2" * 64,
    )
    text = notes(
        section(tag="1.2.0", date=1_700_000_000, changes=(), first_time=()),
        [artifact],
        ["sudo dnf install kestrel"],
    )
    assert text == (GOLDEN / "notes.md").read_text()
    assert "2" * 64 in artifact_table([artifact])
