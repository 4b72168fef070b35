"""`release.toml` as frozen, validated values."""

from jesses.config.load import load, parse
from jesses.config.models import Build, Channel, Component, Config, Contents, Image, Package, Project, Trial

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
