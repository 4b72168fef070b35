"""Which version each component has, and why: rules over what git says (`release.history`)."""

from jesses.plan.versions.compute import Repository, compute_all
from jesses.plan.versions.values import ComponentVersion, ContractChange, Evidence

__all__ = ["ComponentVersion", "ContractChange", "Evidence", "Repository", "compute_all"]
