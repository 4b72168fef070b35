"""What the models alone cannot see: references, files that must exist, paths that clash."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from jesses.base.package import SCRIPTS
from jesses.config.distributions import READERS, ManagedFormat
from jesses.config.models import (
    Channel,
    Component,
    Compressions,
    Config,
    Contents,
    FormatOptions,
    ImageTable,
    PackageTable,
)
from jesses.config.text import is_pattern


def problems_in(config: Config, directory: Path | None) -> Iterator[str]:
    """Every problem of a well-formed configuration, as `key path: what is wrong`.

    Files are looked for in `directory`, or not at all.
    """
    for name, component in config.components.items():
        yield from _component(component, f"components.{name}", _sources(config, name, directory))
    yield from _same_tags(config)
    for name, build in config.builds.items():
        yield from _unknown(build.component, config.components, f"builds.{name}.component")
    for name, package in config.packages.items():
        sources = _sources(config, package.component, directory)
        yield from _package(config, package, f"packages.{name}", sources)
    for name, image in config.images.items():
        where = f"images.{name}"
        yield from _image(config, image, where, _sources(config, image.component, directory))
        for index, entry in enumerate(image.contents):
            if entry.ghost:
                yield f"{where}.contents.{index}.ghost: an image has none"
    for name, channel in config.channels.items():
        yield from _channel(channel, f"channels.{name}")
        if channel.github and not config.project.github:
            yield f'channels.{name}.github: needs [project] github = "owner/name"'
    yield from _trials(config)
    yield from _claimed_twice(config)
    yield from _unreadable(config.compression)


def _trials(config: Config) -> Iterator[str]:
    for name, trial in config.trials.items():
        for package in trial.packages:
            where = f"trials.{name}.packages"
            yield from _unknown(package, config.packages, where)
            if package in config.packages and trial.format not in config.packages[package].formats:
                yield f"{where}: {package} is not made as {trial.format}"


def _channel(channel: Channel, where: str) -> Iterator[str]:
    in_bucket = channel.store.startswith("s3://")
    if in_bucket and channel.url is None:
        yield f"{where}.url: a bucket needs the address under which users reach it"
    for key in ("endpoint", "region", "cloudfront"):
        if getattr(channel, key) and not in_bucket:
            yield f"{where}.{key}: has a meaning for a store in a bucket (s3://...) alone"


def _sources(config: Config, component: str, directory: Path | None) -> Path | None:
    """Where the files of a component are looked for."""
    if directory is None or component not in config.components:
        return directory
    return directory / config.components[component].repository


def _component(component: Component, where: str, directory: Path | None) -> Iterator[str]:
    if component.bump == "contract" and not component.contract:
        yield f'{where}.contract: bump = "contract" needs the files of the contract'
    if _lacks(directory, ""):
        yield f"{where}.repository: there is no directory {component.repository}"
        return
    for index, name in enumerate(component.contract):
        if _lacks_file(directory, name):
            yield f"{where}.contract.{index}: there is no file {name}"
    for index, name in enumerate(component.paths):
        if not name.startswith(":") and not is_pattern(name) and _lacks(directory, name):
            yield f"{where}.paths.{index}: there is nothing at {name}"


def _same_tags(config: Config) -> Iterator[str]:
    lines = Counter((component.repository, component.tag) for component in config.components.values())
    for (_, tag), count in lines.items():
        if count > 1:
            yield f"components: {count} of them have the tags {tag!r}, so their versions cannot be told apart"


def _package(config: Config, package: PackageTable, where: str, directory: Path | None) -> Iterator[str]:
    yield from _made_from(config, package, where)
    yield from _all_contents(package.contents, where, directory)
    if package.debug and not {"deb", "rpm"} & set(package.formats):
        yield f"{where}.debug: debug packages are DEB and RPM, and this package is neither"
    for index, trigger in enumerate(package.triggers):
        if _lacks_file(directory, trigger.script):
            yield f"{where}.triggers.{index}.script: there is no file {trigger.script}"
    if package.rpm.triggers:
        yield f"{where}.rpm.triggers: only a DEB has such lines; use {where}.triggers"
    yield from _scripts(package.deb, "deb", f"{where}.deb.scripts", directory)
    yield from _scripts(package.rpm, "rpm", f"{where}.rpm.scripts", directory)


def _image(config: Config, image: ImageTable, where: str, directory: Path | None) -> Iterator[str]:
    yield from _all_contents(image.contents, where, directory)
    if image.dockerfile is None:
        yield from _made_from(config, image, where)
        if not image.contents:
            yield f"{where}.contents: an image needs some, or a dockerfile"
        return
    yield from _unknown(image.component, config.components, f"{where}.component")
    if _lacks_file(directory, image.dockerfile):
        yield f"{where}.dockerfile: there is no file {image.dockerfile}"
    if not image.architectures:
        yield f"{where}.architectures: an image with a dockerfile names them"
    for key in ("build", "base", "contents", "layers"):
        if getattr(image, key):
            yield f"{where}.{key}: an image with a dockerfile has none; its Dockerfile says what is in it"


def _made_from(config: Config, made: PackageTable | ImageTable, where: str) -> Iterator[str]:
    yield from _unknown(made.component, config.components, f"{where}.component")
    yield from _unknown(made.build, config.builds, f"{where}.build")
    build = config.builds.get(made.build)
    if build is None:
        return
    if build.component != made.component:
        yield f"{where}.build: {made.build} builds component {build.component}, not {made.component}"
    for arch in made.architectures:
        if arch not in build.architectures:
            built = _listed(build.architectures)
            yield f"{where}.architectures: nobody builds {arch}; {made.build} builds {built}"
    if isinstance(made, ImageTable) and "noarch" in build.architectures:
        yield f"{where}.build: an image is for a machine, and {made.build} builds noarch"


def _scripts(
    options: FormatOptions, format_name: ManagedFormat, where: str, directory: Path | None
) -> Iterator[str]:
    for script, source in options.scripts.items():
        if script not in SCRIPTS[format_name]:
            known = ", ".join(SCRIPTS[format_name])
            yield f"{where}.{script}: {format_name} has no such script; it has {known}"
        elif _lacks_file(directory, source):
            yield f"{where}.{script}: there is no file {source}"


def _all_contents(contents: tuple[Contents, ...], where: str, directory: Path | None) -> Iterator[str]:
    for index, entry in enumerate(contents):
        yield from _contents(entry, f"{where}.contents.{index}", directory)


def _contents(entry: Contents, where: str, directory: Path | None) -> Iterator[str]:
    named = sum(value is not None for value in (entry.source, entry.staged, entry.link))
    if named + entry.directory + entry.ghost != 1:
        yield f"{where}: needs exactly one of source, staged, link, directory = true and ghost = true"
    for key, value in (("source", entry.source), ("staged", entry.staged)):
        if value is not None and (value.startswith("/") or ".." in Path(value).parts):
            yield f"{where}.{key}: {value!r} leaves the tree; use a relative path without '..'"
        elif key == "source" and value is not None and _lacks(directory, value):
            yield f"{where}.source: there is no {value} in the repository"


def _lacks(directory: Path | None, name: str) -> bool:
    if directory is None:
        return False
    path = directory / name
    return not (any(directory.glob(name)) if is_pattern(name) else path.exists() or path.is_symlink())


def _lacks_file(directory: Path | None, name: str) -> bool:
    return directory is not None and not (directory / name).is_file()


def _unknown(name: str, known: Iterable[str], where: str) -> Iterator[str]:
    names = list(known)
    if name not in names:
        yield f"{where}: there is no {name!r}; there is {_listed(names)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _claimed_twice(config: Config) -> Iterator[str]:
    """Packages of one format are installed side by side, so no two may hold one path."""
    claims = Counter(
        (format_name, entry.path)
        for package in config.packages.values()
        for entry in package.contents
        for format_name in set(package.formats) & set(entry.formats) - {"tarball"}
        if not entry.directory and not is_pattern(entry.source or entry.staged or "")
    )
    for (format_name, path), count in sorted(claims.items()):
        if count > 1:
            yield f"packages: {path} is claimed {count} times in {format_name} packages"


def _unreadable(compression: Compressions) -> Iterator[str]:
    for name in compression.oldest:
        reader = READERS[name]
        chosen = compression.deb if reader.format == "deb" else compression.rpm
        if not reader.reads(chosen):
            yield (
                f"compression.{reader.format}: {name} ({reader.program}) cannot read {chosen}; "
                f"choose gzip or xz, or name in compression.oldest the oldest that you serve"
            )
