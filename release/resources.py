"""The data of `packaging/`: inside the package in a wheel, beside it in a checkout."""

from pathlib import Path

_INSIDE = Path(__file__).parent / "packaging"
_BESIDE = Path(__file__).parent.parent / "packaging"


def packaging_data() -> Path:
    """The directory that holds what `packaging/` holds in the repository."""
    return _INSIDE if _INSIDE.is_dir() else _BESIDE
