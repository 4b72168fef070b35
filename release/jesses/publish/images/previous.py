"""What registries hold of a release already: images that are built, and the bases that images stand on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from jesses.base.digest import is_digest
from jesses.base.errors import ConflictError
from jesses.base.naming import spelling
from jesses.base.naming.arch import Arch
from jesses.config import Channel
from jesses.image.base import Base
from jesses.image.manifest import Document
from jesses.image.registry.client import ImageRepository
from jesses.image.registry.pull import BlobCache, pull_bases, pull_layout
from jesses.image.registry.reference import Reference
from jesses.plan.plan import Plan, PlannedImage
from jesses.publish.images.evidence import is_signed
from jesses.publish.images.factory import RegistryAccess
from jesses.publish.images.publisher import BASE_DIGEST, BASE_NAME, REVISION, VERSION, annotations


@dataclass(frozen=True)
class _Found:
    """An image of the wanted version and commit; `vouched` if the journal or our signature says it is ours."""

    index: Document
    repository: ImageRepository
    vouched: bool

    @property
    def place(self) -> str:
        """The repository with its host."""
        return f"{self.repository.transport.host}/{self.repository.name}"


class PreviousImages:
    """The images of `plan` as an earlier run left them in the registries of `channel`.

    Earlier runs of this release have left digests of indexes in the journal: `staged` gives them by the name of
    the image. Where there is none, the tag of the version shows the image, which counts only if our key signed it:
    whoever may write to a registry could have put it there. Either counts only if it is this version, made from
    the same commit.
    """

    def __init__(
        self, channel: Channel, plan: Plan, outside: RegistryAccess, staged: Callable[[], Mapping[str, str]]
    ) -> None:
        self._channel = channel
        self._plan = plan
        self._outside = outside
        self._staged = staged
        self._bases: dict[tuple[str, tuple[Arch, ...], str], Mapping[Arch, Base]] = {}
        self._digests: dict[str, str] = {}

    def restore(self, name: str, directory: Path) -> bool:
        """Write the image that an earlier run built as a layout into `directory`; False where there is none.

        Raises:
            RegistryError: a registry failed.
            FormatError: the image there is damaged.
            ConflictError: the version's tag shows an image that nobody vouches for, and a new one would differ.

        """
        found = self._find(name)
        if found is None:
            return False
        if not found.vouched:
            raise ConflictError(
                f"{found.place}:{self._tag(name)} is there already, and neither "
                "the journal of this release nor a signature of our key says that jesses made it",
                fix="release a new version; or see who pushed it, delete the tag there, and run again",
            )
        self._outside.tell(f"{name} is built already: {found.place}@{found.index.digest}")
        pull_layout(found.index, found.repository, directory, name=name, tag=self._tag(name))
        return True

    def bases(self, image: PlannedImage) -> Mapping[Arch, Base]:
        """The base of an image for each of its architectures; the one of an earlier run, if there was one.

        Raises:
            RegistryError: it is not there.
            FormatError: a document of it cannot be used, or a layer may not be passed on.

        """
        if image.name not in self._digests:
            self._digests[image.name] = self._base_digest(image)
        wanted = (str(image.base), tuple(image.archives), self._digests[image.name])
        if wanted not in self._bases:
            self._bases[wanted] = base_image(*wanted, self._outside)
        return self._bases[wanted]

    def _base_digest(self, image: PlannedImage) -> str:
        reference = Reference.parse(str(image.base))
        found = None if reference.digest else self._find(image.name)
        about = annotations(found.index) if found and found.vouched else {}
        digest = about.get(BASE_DIGEST, "")
        return digest if about.get(BASE_NAME) == str(reference) and is_digest(digest) else ""

    def _find(self, name: str) -> _Found | None:
        version = self._plan.versions[self._component(name)]
        digest = self._staged().get(name) if self._channel.registries else None
        for prefix in self._channel.registries:
            reference = Reference.parse_prefix(prefix).below(name)
            repository = ImageRepository(self._outside.registries.transport(reference), reference.repository)
            index = repository.find_manifest(f"sha256:{digest}" if digest else self._tag(name))
            about = annotations(index) if index else {}
            wanted = version.commit.sha, str(version.version)
            if index and (about.get(REVISION), about.get(VERSION)) == wanted:
                return _Found(
                    index, repository, vouched=bool(digest) or self._is_ours(name, index, repository)
                )
        return None

    def _is_ours(self, name: str, index: Document, repository: ImageRepository) -> bool:
        """Whether our key signed the image; what is signed without a key may be anybody's."""
        key = self._outside.key
        return key is not None and is_signed(name, index.digest, repository, key)

    def _component(self, name: str) -> str:
        return next(image.component for image in self._plan.images if image.name == name)

    def _tag(self, name: str) -> str:
        return spelling.oci_tag(self._plan.versions[self._component(name)].version)


def base_image(
    name: str, archs: tuple[Arch, ...], digest: str, outside: RegistryAccess
) -> Mapping[Arch, Base]:
    """The base image `name` from its registry, for each of `archs`.

    With a `digest` it is the image of that digest, whatever the tag shows by now.

    Raises:
        RegistryError: it is not there.

    """
    reference = Reference.parse(name)
    outside.tell(f"base {reference}{'@' if digest else ''}{digest}")
    cached = outside.environment.get("XDG_CACHE_HOME")
    cache = BlobCache(directory=(Path(cached) if cached else outside.home / ".cache") / "jesses" / "blobs")
    repository = ImageRepository(outside.registries.transport(reference), reference.repository)
    return pull_bases(reference, repository, archs, cache, digest=digest)
