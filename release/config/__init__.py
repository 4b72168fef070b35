"""`release.toml` as frozen, validated values."""

from release.config.load import load, parse
from release.config.models import Build, Channel, Component, Config, Contents, Image, Package, Project, Trial

__all__ = [
    "Build",
    "Channel",
    "Component",
    "Config",
    "Contents",
    "Image",
    "Package",
    "Project",
    "Trial",
    "load",
    "parse",
]
