"""Which version each component has, and why: rules over what git says (`release.history`)."""

from release.version.compute import Repository, compute_all
from release.version.values import ComponentVersion, ContractChange, Evidence

__all__ = ["ComponentVersion", "ContractChange", "Evidence", "Repository", "compute_all"]
