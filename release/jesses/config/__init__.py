"""`release.toml` as frozen, validated values.

Decisions: docs/decisions/config.md
"""

from jesses.config.load import load, parse
from jesses.config.models import (
    Build,
    Channel,
    Component,
    Config,
    Contents,
    ImageTable,
    PackageTable,
    Project,
    Trial,
)

__all__ = [
    "Build",
    "Channel",
    "Component",
    "Config",
    "Contents",
    "ImageTable",
    "PackageTable",
    "Project",
    "Trial",
    "load",
    "parse",
]
