"""Images to one registry: everything by digest first, tags last, and tags only forward.

*Check* looks at the version's own tag; *stage* uploads blobs, manifests, signatures and attestations, all of
which are found by digest alone; *commit* adds the version's tag and moves the others. Tags have no
compare-and-swap: they are moved under the channel's lease, read back, and put right where somebody without it
was faster.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal, Protocol

from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.errors import ConflictError, RegistryError
from jesses.base.naming import moving_tags
from jesses.base.parallel import ordered_map
from jesses.base.progress import Progress, no_progress
from jesses.base.retry import SETTLING_TRIES, attempts
from jesses.image.manifest import Document, parse, parse_index
from jesses.image.registry.attachments import Attachment, attach
from jesses.image.registry.client import ImageRepository
from jesses.image.registry.push import ImageContent, PushResult, check, layout_content, send
from jesses.image.registry.reference import Reference
from jesses.image.registry.writer import RegistryWriter
from jesses.package.formats import sbom
from jesses.publish import HoldLease, Publication
from jesses.stores.dry_run import StoreChange

REVISION: Final = "org.opencontainers.image.revision"
VERSION: Final = "org.opencontainers.image.version"
BASE_NAME: Final = "org.opencontainers.image.base.name"
BASE_DIGEST: Final = "org.opencontainers.image.base.digest"


@dataclass(frozen=True, kw_only=True)
class StagedImage:
    """An image that is to be in `repository`, with its version."""

    name: str
    version: Version
    repository: ImageRepository
    content: ImageContent
    sboms: Mapping[str, Path]
    """The bill of materials of each manifest, by the manifest's digest."""

    @property
    def index(self) -> Document:
        return self.content.documents[-1]


class Attestor(Protocol):
    """Makes what is attached to an image: signatures, provenance, bills of materials."""

    def recall(self, staged: StagedImage) -> None:
        """Learn what is attached to the image in this registry already, to be used again."""

    def about(self, staged: StagedImage, name: str) -> Sequence[Attachment]:
        """Everything to be attached to the image, which has the `name` of a repository with its host."""


class NoAttachments:
    """For images to which nothing is attached."""

    def recall(self, staged: StagedImage) -> None: ...

    def about(self, _staged: StagedImage, _name: str) -> Sequence[Attachment]:
        return ()


@dataclass(kw_only=True, eq=False)
class RegistryPublisher:
    """Publishes images to the repositories of `writer`.

    `branch` is the tag that images of merges move; without it a release moves its lines and `latest`. `images`
    are the names that are planned.
    """

    writer: RegistryWriter
    images: Sequence[str]
    branch: str | None = None
    evidence: Attestor = field(default_factory=NoAttachments)
    lease: HoldLease = nullcontext
    progress: Progress = no_progress
    independent: Literal[True] = field(default=True, init=False)
    _staged: tuple[StagedImage, ...] = field(default=(), init=False)
    _result: PushResult = field(default=PushResult(), init=False)

    @property
    def name(self) -> str:
        return f"registry {self.writer.prefix.name}"

    @property
    def changes(self) -> tuple[StoreChange, ...]:
        """What a dry run would have written."""
        return tuple(self.writer.changes)

    def preflight(self) -> None:
        """See that every image may be written, before anything is built.

        Raises:
            RegistryError: one may not.

        """
        for name in self.images:
            self.writer.check(name)

    def check(
        self,
        artifacts: Sequence[Artifact],
        *,
        resumed: bool = False,  # noqa: ARG002 - everything is asked for anyway
    ) -> tuple[Artifact, ...]:
        """See that no version is published with other content.

        Raises:
            ConflictError: one is.
            RegistryError: the registry failed or refused.
            FormatError: an image, here or there, is damaged.

        """
        self._staged = tuple(
            self._opened(artifact, artifacts) for artifact in artifacts if artifact.kind == "image"
        )
        for staged in self._staged:
            self._check_own_tag(staged)
            self.evidence.recall(staged)
        return tuple(artifacts)

    def stage(self, artifacts: Sequence[Artifact]) -> tuple[Artifact, ...]:
        """Upload every image, and what travels with it, by digest.

        Raises:
            RegistryError: the registry failed or refused.

        """
        for staged in self._staged:
            self.writer.create(staged.name)
            self._result += send(staged.content, staged.repository, progress=self.progress)
            about = self.evidence.about(staged, self.writer.full_name(staged.name))
            self._result += attach(about, staged.repository)
        return tuple(artifacts)

    def verify(self) -> None:
        """See that everything staged is there; raises `RegistryError` where it is not."""
        for staged in self._staged:
            check(staged.content, staged.repository)

    def commit(self) -> Publication:
        """Add and move the tags.

        Raises:
            ConflictError: another release was faster with other content for the same version.
            RegistryError: the registry failed, or tags do not stay where they are put.

        """
        with self.lease():
            for staged in self._staged:
                self._add_own_tag(staged)
                self._move_tags(staged)
        return Publication(
            publisher=self.name,
            location=self.writer.prefix.name,
            uploaded=self._result.uploaded + self._result.mounted,
            present=self._result.present,
            instructions=tuple(self._instructions()),
        )

    def _opened(self, artifact: Artifact, artifacts: Sequence[Artifact]) -> StagedImage:
        repository = self.writer.repository(artifact.name)
        content = layout_content(artifact.path)
        origin = self._origin(content.documents[-1])
        blobs = tuple(replace(blob, origin=origin) for blob in content.blobs)
        return StagedImage(
            name=artifact.name,
            version=artifact.version,
            repository=repository,
            content=replace(content, blobs=blobs),
            sboms=_sboms(artifact.name, content.documents[-1], artifacts),
        )

    def _origin(self, index: Document) -> str:
        """The repository of this registry that the base image comes from; empty where it is another."""
        name = annotations(index).get(BASE_NAME)
        base = Reference.parse(name) if name else None
        return base.repository if base and base.host == self.writer.prefix.host else ""

    def _check_own_tag(self, staged: StagedImage) -> bool:
        """Whether the version's tag is there already."""
        tag = moving_tags.own(staged.version)
        found = staged.repository.find_manifest(tag)
        if found is None or found.digest == staged.index.digest:
            return found is not None
        theirs, ours = annotations(found).get(REVISION), annotations(staged.index).get(REVISION)
        made = (
            "from the same commit by another plan or base image"
            if theirs == ours
            else f"from commit {theirs}"
        )
        raise ConflictError(
            f"{self.writer.full_name(staged.name)}:{tag} is already published with other content: it was made "
            f"{made}",
            fix="what is published never changes: release a new version",
        )

    def _add_own_tag(self, staged: StagedImage) -> None:
        if self._check_own_tag(staged):
            self._result += PushResult(present=1)
            return
        staged.repository.put_manifest(staged.index, moving_tags.own(staged.version))
        self._result += PushResult(uploaded=1)

    def _move_tags(self, staged: StagedImage) -> None:
        """Move the tags that this version takes, until what is read back is right."""
        moved: set[str] = set()
        unsettled = RegistryError(
            f"the tags of {self.writer.full_name(staged.name)} do not stay where they are put",
            fix="see who else moves them, and run again",
        )
        for _ in attempts(unsettled, tries=SETTLING_TRIES):
            wrong = dict(self._out_of_place(staged, moved))
            if not wrong:
                return
            self._put_right(staged, wrong)
            moved |= set(wrong)

    def _put_right(self, staged: StagedImage, wrong: Mapping[str, Document]) -> None:
        def put(tag: str) -> None:
            staged.repository.put_manifest(wrong[tag], tag)

        for _ in ordered_map(put, wrong, threads=len(wrong)):
            self._result += PushResult(uploaded=1)

    def _out_of_place(self, staged: StagedImage, moved: set[str]) -> Iterator[tuple[str, Document]]:
        """Tags that do not show what they should, with what that is.

        Where we `moved` a tag while a higher version appeared, that version is put back.
        """
        moving = moving_tags.moving(staged.version, branch=self.branch)
        asked = ordered_map(staged.repository.find_manifest, moving, threads=len(moving) or 1)
        shown = dict(zip(moving, asked, strict=True))
        present = self._versions(staged, shown)
        taken = moving_tags.forward(staged.version, present, branch=self.branch)
        for tag, found in shown.items():
            wanted: Document | None = staged.index if tag in taken else None
            if wanted is None and tag in moved and (top := moving_tags.highest(tag, present)):
                wanted = staged.repository.find_manifest(moving_tags.own(top))
            if wanted and (found is None or found.digest != wanted.digest):
                yield tag, wanted

    def _versions(self, staged: StagedImage, shown: dict[str, Document | None]) -> tuple[Version, ...]:
        """The versions that hold ours back: those of the repository, or the one that the branch shows."""
        if self.branch is None:
            return moving_tags.versions_in(staged.repository.tags())
        texts = (annotations(found).get(VERSION, "") for found in shown.values() if found)
        return tuple(Version.parse(text) for text in texts if Version.is_valid(text))

    def _instructions(self) -> Iterator[str]:
        for staged in self._staged:
            name = self.writer.full_name(staged.name)
            yield f"docker pull {name}:{moving_tags.own(staged.version)}"
        limits = {str(staged.repository.transport.rate_limit or "") for staged in self._staged}
        yield from (f"# {limit}" for limit in sorted(limits) if limit)


def _sboms(name: str, index: Document, artifacts: Sequence[Artifact]) -> dict[str, Path]:
    """What is in each architecture's image: the bill of materials that goes by the name of its archive."""
    archives = {
        artifact.arch: artifact.path.name
        for artifact in artifacts
        if artifact.kind == "image-archive" and artifact.name == name
    }
    manifests = {str(entry.arch): entry.digest for entry in parse_index(index).manifests}
    return {
        manifests[arch]: artifact.path
        for arch, archive in archives.items()
        for artifact in artifacts
        if artifact.kind == "sbom" and artifact.path.name == archive + sbom.SUFFIX
    }


def annotations(document: Document) -> Mapping[str, str]:
    """What an index or a manifest says of itself; raises `FormatError` where it is neither."""
    return parse(document).annotations
