"""The lines that a user copies to install what was published."""

from collections.abc import Iterable

KEYRINGS = "/etc/apt/keyrings"
"""Where an administrator keeps keys (sources.list(5))."""
SUITE = "stable"
"""What a suite is called where nothing else is said."""


def apt_source(project: str, suite: str) -> str:
    """What the source of a suite is called: suites of one repository have a source each."""
    return project if suite == SUITE else f"{project}-{suite}"


def apt_lines(
    *, url: str, project: str, source: str, packages: Iterable[str], signed: bool
) -> tuple[str, ...]:
    """For the APT repository at `url`; `source` is the name of its file for users."""
    key, source = f"{project}.asc", f"{source}.sources"
    key_lines = (
        f"sudo install -d -m 0755 {KEYRINGS}",
        f"sudo curl -fsSL -o {KEYRINGS}/{key} {url}/{key}",
    )
    return (
        *(key_lines if signed else ()),
        f"sudo curl -fsSL -o /etc/apt/sources.list.d/{source} {url}/{source}",
        "sudo apt-get update",
        f"sudo apt-get install {' '.join(sorted(set(packages)))}",
    )


def yum_lines(*, url: str, project: str, packages: Iterable[str]) -> tuple[str, ...]:
    """For the YUM repository at `url`."""
    source = f"{project}.repo"
    return (
        f"sudo curl -fsSL -o /etc/yum.repos.d/{source} {url}/{source}",
        f"sudo dnf install {' '.join(sorted(set(packages)))}",
    )
