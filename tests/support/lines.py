"""The two lines of a product such as Falco, and their versions."""

from jesses.config import Component
from jesses.history.ci import Ci
from jesses.history.git_history import History
from jesses.plan.versions import ComponentRepository, ComponentVersion, compute_all
from jesses.plan.versions.checkout import read_checkout

CONTRACT = ("driver/API_VERSION", "driver/SCHEMA_VERSION")
USERSPACE = Component()
DRIVER = Component(tag="{version}+driver", bump="contract", contract=CONTRACT, paths=("driver",))
BOTH = {"userspace": USERSPACE, "driver": DRIVER}


def versions(
    history: History, components: dict[str, Component] | None = None, *, ci: Ci | None = None
) -> dict[str, ComponentVersion]:
    repository = ComponentRepository(history=history, checkout=read_checkout(history, ci or Ci()))
    return compute_all(components or BOTH, {".": repository})


def texts(
    history: History, components: dict[str, Component] | None = None, *, ci: Ci | None = None
) -> dict[str, str]:
    return {name: str(value.version) for name, value in versions(history, components, ci=ci).items()}
