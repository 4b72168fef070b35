"""From the configuration to a package: one value for each format and architecture."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from jesses.base import inside
from jesses.base.naming import relations
from jesses.base.package import RELATIONS, Package, Relations, Trigger
from jesses.base.payload import Payload
from jesses.base.resources import packaging_data
from jesses.config import Config
from jesses.config.models import FormatName, FormatOptions, PackageTable
from jesses.package import scripts
from jesses.package.elf import binaries
from jesses.package.elf.binaries import Binary
from jesses.package.reader import PayloadReader
from jesses.plan.plan import PlannedPackage, debug_name
from jesses.plan.versions import ComponentVersion

_NATIVE: Final[Mapping[FormatName, Literal["deb", "rpm"]]] = {"deb": "deb", "rpm": "rpm"}


def package_of(
    planned: PlannedPackage,
    *,
    config: Config,
    version: ComponentVersion,
    sources: Path,
    staged: Path,
    scratch: Path,
    reader: PayloadReader,
) -> Package:
    """The package that is planned, from the repository (`sources`) and a staged tree (`staged`).

    `scratch` is where stripped programs and their debug files are made, once for all formats; `reader` is one for
    all packages of a run.

    Raises:
        PayloadError: contents or scripts are missing, or a program is for another machine.

    """
    wanted = config.packages[planned.name]
    options = _options(wanted, planned.kind)
    contents = tuple(entry for entry in wanted.contents if planned.kind in entry.formats)
    payload = reader.payload(contents, sources=sources, staged=staged, version=str(version.version))
    found = reader.programs(payload, split=scratch if wanted.debug else None)
    binaries.check(found, arch=planned.arch, static=wanted.static)
    debug = Payload.of(())
    if wanted.debug:
        payload, debug = reader.separate(payload, scratch)
    package = outline(planned, config=config, version=version)
    if planned.debug:
        return replace(package, payload=_debug_payload(package, planned, payload, debug))
    package = replace(package, payload=payload.with_own_directories())
    own = {script: scripts.read(inside.file(sources, source)) for script, source in options.scripts.items()}
    triggers = tuple(
        Trigger(path=trigger.path, script=scripts.read(inside.file(sources, trigger.script)))
        for trigger in wanted.triggers
    )
    return replace(
        package,
        relations=_relations(wanted, options, planned, found, version),
        scripts=_scripts(planned, wanted, own, triggers, package),
        triggers=triggers if planned.kind == "rpm" else (),
        trigger_lines=_trigger_lines(options, triggers) if planned.kind == "deb" else (),
    )


def outline(planned: PlannedPackage, *, config: Config, version: ComponentVersion) -> Package:
    """The package as the configuration alone has it: no files, no scripts, nothing that its programs need."""
    wanted = config.packages[planned.name]
    options = _options(wanted, planned.kind)
    package = Package(
        name=planned.name,
        version=version.version,
        arch=planned.arch,
        date=version.commit.date,
        summary=options.summary or wanted.summary or config.project.summary,
        description=(options.description or wanted.description).strip(),
        license=wanted.license or config.project.license,
        homepage=config.project.homepage,
        maintainer=config.project.maintainer,
        vendor=config.project.vendor,
        section=options.section or "misc",
        payload=Payload.of(()),
        compression=planned.compression,
    )
    if planned.debug:
        return _debug_outline(package, planned)
    return replace(package, relations=_relations(wanted, options, planned, (), version))


def _options(wanted: PackageTable, kind: FormatName) -> FormatOptions:
    return {"deb": wanted.deb, "rpm": wanted.rpm}.get(kind, FormatOptions())


def _relations(
    wanted: PackageTable,
    options: FormatOptions,
    planned: PlannedPackage,
    found: tuple[Binary, ...],
    version: ComponentVersion,
) -> Relations[str]:
    """Those of the package, then the format's own, then what the programs need."""
    kind = _NATIVE.get(planned.kind)
    if kind is None:
        return Relations()
    own = version.version
    asked = {
        key: [
            *(relations.spelled(text, kind, own=own) for text in getattr(wanted, key)),
            *(relations.native(text, kind, own=own) for text in getattr(options, key)),
        ]
        for key in RELATIONS
    }
    if wanted.libraries:
        asked["depends"] += _libraries(kind, found)
        asked["provides"] += binaries.rpm_provides(found) if kind == "rpm" else ()
    return Relations(**{key: tuple(dict.fromkeys(texts)) for key, texts in asked.items()})


def _libraries(kind: Literal["deb", "rpm"], found: tuple[Binary, ...]) -> Iterator[str]:
    return binaries.deb_depends(found) if kind == "deb" else binaries.rpm_requires(found)


def _scripts(
    planned: PlannedPackage,
    wanted: PackageTable,
    own: Mapping[str, str],
    triggers: tuple[Trigger, ...],
    package: Package,
) -> dict[str, str]:
    if planned.kind == "tarball":
        return {}
    return scripts.compose(
        planned.kind,
        packaging_data() / "snippets",
        scripts.WantedSnippets(
            services=wanted.services,
            dkms=(wanted.dkms, str(package.version)) if wanted.dkms else None,
            ghosts=tuple(ghost.path for ghost in package.payload.ghosts),
            triggers=triggers,
        ),
        own=own,
    )


def _trigger_lines(options: FormatOptions, triggers: tuple[Trigger, ...]) -> tuple[str, ...]:
    return (*(f"interest-noawait {trigger.path}" for trigger in triggers), *options.triggers)


def _debug_outline(package: Package, planned: PlannedPackage) -> Package:
    """As distributions have it: of one version with its package in Debian, alone in RPM ones."""
    pin = relations.spelled(f"{package.name} = {relations.OWN}", "deb", own=package.version)
    return replace(
        package,
        name=debug_name(planned.name, planned.kind),
        summary=f"Debug information of {package.name}",
        description=f"What debuggers need to read programs and core dumps of {package.name} {package.version}.",
        section="debug",
        relations=Relations(depends=(pin,)) if planned.kind == "deb" else Relations(),
    )


def _debug_payload(package: Package, planned: PlannedPackage, payload: Payload, debug: Payload) -> Payload:
    """`debug` with the copyright of `payload`, where the format asks for one."""
    copies = (
        replace(entry, path=f"/usr/share/doc/{package.name}/copyright")
        for entry in payload.files
        if planned.kind == "deb" and entry.path == f"/usr/share/doc/{planned.name}/copyright"
    )
    return Payload.of((*debug, *copies)).with_own_directories()
