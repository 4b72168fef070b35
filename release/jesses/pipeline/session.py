"""What a front door may ask for: a plan, what its channel has of it, a release."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jesses.base.artifact import Artifact
from jesses.base.errors import ConfigError
from jesses.base.progress import no_progress
from jesses.channel import target
from jesses.channel.records import Record
from jesses.channel.survey import AgreedPlan, RemoteObject
from jesses.channel.survey import survey as survey_store
from jesses.package.compression import QUICK, Cache, Packer
from jesses.pipeline import engine, order
from jesses.pipeline.assembly import assemble
from jesses.pipeline.context import Context, State
from jesses.pipeline.options import Narrator, Options
from jesses.pipeline.run import Run, configured_key
from jesses.pipeline.workspace import open_workspace
from jesses.plan.channels import AUTO, channel_named, channel_of
from jesses.plan.plan import Plan
from jesses.plan.product import Product
from jesses.plan.versions import ComponentVersion
from jesses.publish import Publication
from jesses.stores import Store
from jesses.stores.dry_run import StoreChange

Part = Callable[[Context, order.Announce], State]
"""Carries out a part of the pipeline, and announces each of its steps."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a release made and where it went. Paths are those of the finished output.

    `changes` are those that a dry run would have made, else None.
    """

    dist: Path
    plan: Plan
    artifacts: tuple[Artifact, ...]
    publications: tuple[Publication, ...]
    signing_key: str | None
    ephemeral_key: bool
    changes: tuple[StoreChange, ...] | None

    def as_data(self) -> dict[str, Any]:
        """The report as plain data, for `--json`."""
        return {
            "dist": str(self.dist),
            "signing_key": self.signing_key,
            "ephemeral_key": self.ephemeral_key,
            "artifacts": [artifact.row(str(artifact.path)) for artifact in self.artifacts],
            "publications": [vars(publication) for publication in self.publications],
            "changes": None if self.changes is None else [vars(change) for change in self.changes],
        }


def plan(product: Product, channel: str | None) -> Plan:
    """The plan for a channel, with what its store has already, or for a snapshot."""
    if channel is None:
        return product.plan(no_engine=_no_engine(product))
    opened = target.open_channel(
        channel_named(channel, product.config), product.directory, progress=no_progress
    )
    names = [
        name
        for version in product.versions.values()
        if version.exported
        for name in _record(opened.store, product, version).artifacts()
    ]
    return product.plan(channel, released=frozenset(names), no_engine=_no_engine(product))


def channel_asked_for(product: Product, name: str, agreed: AgreedPlan | None = None) -> str | None:
    """The channel of this name; the one that HEAD's tags stand for if it is `auto`; that of the plan, if any."""
    if name == AUTO:
        return _channel_of_head(product)
    return name or (agreed.channel if agreed else None)


def _channel_of_head(product: Product) -> str | None:
    own = {name for name, component in product.config.components.items() if component.repository == "."}
    here = [
        value.version
        for name, value in product.versions.items()
        if name in own and value.evidence and value.evidence.rule == "tag"
    ]
    return channel_of(here, product.config.channels)


def _no_engine(product: Product) -> str:
    """Why images cannot be built here, if any are to be."""
    described = (product.config, *product.descriptions.values())
    wanted = any(image.dockerfile for config in described for image in config.images.values())
    return engine.why_not() if wanted else ""


def release(
    product: Product,
    dist: Path,
    options: Options,
    narrator: Narrator,
    environment: Mapping[str, str] = os.environ,
    *,
    part: Part | None = None,
) -> Report:
    """Carry out the plan; `dist` is replaced when everything went well, and it was no dry run.

    `part` carries out a part of the pipeline in place of all of it.
    """
    planned = plan(product, options.channel)
    run = Run(
        product=product,
        plan=planned,
        options=options,
        narrator=narrator,
        environment=environment,
        key=configured_key(options, environment),
        confirm=lambda: _confirm(product, planned, options.agreed),
    )
    run.confirm()
    cache = Cache.configured(environment)
    with (
        open_workspace(dist, keep=not options.dry_run) as workspace,
        Packer(workspace.scratch / "deflated", cache=cache, sha1=True) as packer,
        Packer(workspace.scratch / "quick", cache=cache, level=QUICK, md5=False, sha1=True) as quick,
    ):
        assembled = assemble(run, workspace, packer, quick)
        context = assembled.context
        state = (part or _whole)(context, narrator.step)
    return Report(
        dist=workspace.final,
        plan=planned,
        artifacts=tuple(workspace.finished(artifact) for artifact in state.artifacts),
        publications=state.publications,
        signing_key=context.destinations.signer.fingerprint if context.destinations.signer else None,
        ephemeral_key=bool(context.destinations.signer) and run.key is None,
        changes=assembled.opened.changes,
    )


def _whole(context: Context, announce: order.Announce) -> State:
    return order.run(context, announce=announce)


def survey(product: Product, planned: Plan) -> tuple[RemoteObject, ...]:
    """What the channel of a plan has of it already.

    Raises:
        ConfigError: the plan is one for a snapshot.

    """
    if planned.channel is None:
        raise ConfigError("a snapshot has no remote", fix="name a channel: --channel NAME")
    channel = channel_named(planned.channel, product.config)
    opened = target.open_channel(channel, product.directory, progress=no_progress)
    return survey_store(planned, channel, opened.store)


def _confirm(product: Product, planned: Plan, agreed: AgreedPlan | None) -> None:
    """See that what was agreed on still holds."""
    if agreed:
        agreed.check_plan(planned)
        agreed.check_remote(survey(product, planned))


def _record(store: Store, product: Product, version: ComponentVersion) -> Record:
    return Record(
        store=store,
        project=product.config.project.name,
        component=version.component,
        version=version.version,
    )
