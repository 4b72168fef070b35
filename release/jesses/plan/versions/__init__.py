"""Which version each component has, and why: rules over what git says (`release.history`)."""

from jesses.plan.versions.compute import ComponentRepository, compute_all
from jesses.plan.versions.values import ComponentVersion, ContractChange, Reason

__all__ = ["ComponentRepository", "ComponentVersion", "ContractChange", "Reason", "compute_all"]
