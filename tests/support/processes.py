"""What the system says of processes."""

from pathlib import Path


def is_running(pid: int) -> bool:
    """A process that ended and waits for its parent to ask is not running."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
