"""The lines that a user copies to install what was published."""

from collections.abc import Iterable

KEYRINGS = "/etc/apt/keyrings"


def apt_lines(*, url: str, project: str, packages: Iterable[str], signed: bool) -> tuple[str, ...]:
    """For the APT repository at `url`."""
    key, source = f"{project}.asc", f"{project}.sources"
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
