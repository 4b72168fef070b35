"""Data that travels with the code: inside the package in a wheel, beside it in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_ROOT = _PACKAGE.parents[1]


def packaging_data() -> Path:
    """The directory that holds what `packaging/` holds in the repository."""
    return _first(_PACKAGE / "packaging", _ROOT / "packaging")


def workflow_templates() -> Path:
    """The directory that holds what `ci/workflows/` holds in the repository."""
    return _first(_PACKAGE / "workflows", _ROOT / "ci" / "workflows")


def package_directory() -> Path:
    """The directory of the package itself."""
    return _PACKAGE


def _first(inside: Path, beside: Path) -> Path:
    return inside if inside.is_dir() else beside
