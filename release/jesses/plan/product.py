"""A product as it lies in a directory: its configuration, its versions, and what each component is made from."""

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from jesses.base.errors import ConfigError
from jesses.config import Config, load, parse
from jesses.config.load import FILE_NAME
from jesses.history.ci import LOCAL, Ci
from jesses.history.git import GitReader
from jesses.history.git_history import GitHistory, History
from jesses.plan.plan import Plan, make_plan
from jesses.plan.versions import ComponentRepository, ComponentVersion, compute_all
from jesses.plan.versions.checkout import read_checkout


@dataclass(frozen=True, kw_only=True)
class Product:
    """A product's directory with its configuration and versions.

    `descriptions` has the configuration of each component that is made from an earlier commit: that of the
    commit, so that what did not change stays the same in every byte. `ci` is the run that opened it.
    """

    directory: Path
    config: Config
    versions: Mapping[str, ComponentVersion]
    descriptions: Mapping[str, Config]
    ci: Ci = LOCAL

    def plan(
        self, channel: str | None = None, *, released: Collection[str] = (), no_engine: str = ""
    ) -> Plan:
        """The plan for a channel, or for a snapshot; `released` are the files that the channel's store has.

        `no_engine` says why images cannot be built from a Dockerfile here.
        """
        return make_plan(
            self.config,
            self.versions,
            channel=channel,
            descriptions=self.descriptions,
            released=released,
            no_engine=no_engine,
        )

    def source_directory(self, component: str) -> Path:
        """Where the sources of a component lie."""
        return (self.directory / self.config.components[component].repository).resolve()


def open_product(directory: Path, own: GitHistory, ci: Ci) -> Product:
    """The product in `directory`, which has the history `own`: its configuration checked, its versions computed.

    `ci` is the run that checked it out.

    Raises:
        ConfigError: `release.toml` is wrong.
        HistoryError: git cannot say which versions these are.
        VersionError: a component cannot have the version that its rule asks for.

    """
    config = load(directory)
    with ExitStack() as stack:
        histories = {
            location: own
            if location == "."
            else GitHistory(stack.enter_context(GitReader(directory / location)))
            for location in {component.repository for component in config.components.values()}
        }
        repositories = {
            location: ComponentRepository(
                history=history, checkout=read_checkout(history, ci if location == "." else ci.elsewhere())
            )
            for location, history in histories.items()
        }
        versions = compute_all(config.components, repositories)
        return replace(_described(directory, config, versions, own), ci=ci)


def _described(
    directory: Path, config: Config, versions: Mapping[str, ComponentVersion], history: History
) -> Product:
    """The product with the descriptions of components that are made from an earlier commit.

    Where the commit is in another repository, or does not describe the component, the present description holds.
    """
    earlier = [
        version
        for name, version in versions.items()
        if version.exported and config.components[name].repository == "."
    ]
    texts = history.read((version.commit.sha, FILE_NAME) for version in earlier) if earlier else ()
    descriptions, told = {}, dict(versions)
    for version, text in zip(earlier, texts, strict=True):
        if description := _description(version.component, text):
            descriptions[version.component] = description
        else:
            note = f"commit {version.commit.sha[:7]} does not describe it: packaged as {FILE_NAME} says now"
            told[version.component] = replace(version, reasons=(*version.reasons, note))
    return Product(directory=directory, config=config, versions=told, descriptions=descriptions)


def _description(component: str, text: str | None) -> Config | None:
    try:
        config = parse(text or "", origin=FILE_NAME)
    except ConfigError:
        return None
    return config if component in config.components else None
