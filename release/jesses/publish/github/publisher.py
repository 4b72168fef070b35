"""GitHub releases: a draft is staged, and published at commit; the latest goes by version, never by date.

An asset that is there with the same bytes stays; with other bytes it is an error, and nothing is replaced.
"""

import io
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Final

from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.errors import ConflictError, GitHubError
from jesses.base.naming import moving_tags
from jesses.base.retry import SETTLING_TRIES, attempts
from jesses.config import Component
from jesses.history.notes import notes
from jesses.plan.versions.lines import tagged_versions
from jesses.publish import HoldLease, Publication
from jesses.publish.github import Asset, DryRunGitHub, GitHubRelease, Releases
from jesses.publish.shared.adopt import adopt
from jesses.signing import Signer
from jesses.signing.verification import is_signed_by
from jesses.stores.dry_run import StoreChange

SUMS: Final = "SHA256SUMS"
FILES: Final = ("tarball", "deb", "rpm", "image-archive", "sbom")


@dataclass(frozen=True, kw_only=True)
class TaggedRelease:
    """What one component releases; `body` is the changelog's section.

    `leads` says that GitHub's "latest" follows this component's line; one component of a product does.
    """

    component: str
    tag: str
    version: Version
    title: str
    body: str
    leads: bool


@dataclass(frozen=True, kw_only=True)
class _Staged:
    wanted: TaggedRelease
    release: GitHubRelease
    artifacts: tuple[Artifact, ...]
    digests: dict[str, str]


@dataclass
class GitHubPublisher:
    """Publishes each of `releases` with the files of its component.

    `components` are all of the product: they tell whose releases are there. `project` names the key's file;
    `install` are lines for the text of the release. `lease` holds the channel while its "latest" moves.
    """

    name = "github"

    github: Releases
    releases: Sequence[TaggedRelease]
    _: KW_ONLY
    components: Mapping[str, Component]
    project: str
    signer: Signer | None
    install: Sequence[str] = ()
    lease: HoldLease = nullcontext
    _staged: list[_Staged] = field(init=False, default_factory=list)
    _uploaded: int = field(init=False, default=0)
    _present: int = field(init=False, default=0)

    @property
    def changes(self) -> tuple[StoreChange, ...]:
        """What a dry run would have changed; nothing is noted of anything else."""
        return self.github.changes if isinstance(self.github, DryRunGitHub) else ()

    def check(
        self,
        artifacts: Sequence[Artifact],
        *,
        resumed: bool = False,  # noqa: ARG002 - everything is asked for anyway
    ) -> tuple[Artifact, ...]:
        """See `Publisher.check`; a draft counts as published, since it holds bytes that somebody may have seen.

        Raises:
            ConflictError: an asset is there with other bytes.
            GitHubError: GitHub refused or failed.

        """
        checked = list(artifacts)
        for wanted in self.releases:
            release = self.github.release_of(wanted.tag)
            there = self._there(release) if release else {}
            for at, artifact in enumerate(checked):
                if _is_of(artifact, wanted) and artifact.path.name in there:
                    checked[at] = self._compared(artifact, there[artifact.path.name])
        return tuple(checked)

    def stage(self, artifacts: Sequence[Artifact]) -> tuple[Artifact, ...]:
        """Upload files to drafts.

        Raises:
            ConflictError: an asset is there with other bytes; nothing of its release has been added by then.
            GitHubError: GitHub refused or failed.

        """
        staged = list(artifacts)
        for wanted in self.releases:
            draft = self.github.draft_of(
                wanted.tag, name=wanted.title, prerelease=bool(wanted.version.prerelease)
            )
            there = self._there(draft)
            for at, artifact in enumerate(staged):
                if _is_of(artifact, wanted) and artifact.path.name in there:
                    staged[at] = self._compared(artifact, there[artifact.path.name])
            files = tuple(artifact for artifact in staged if _is_of(artifact, wanted))
            self._staged.append(self._stage(wanted, draft, files, there))
        return tuple(staged)

    def verify(self) -> None:
        for staged in self._staged:
            found = self._there(staged.release)
            for name, digest in staged.digests.items():
                if name not in found or self.github.digest(found[name]) != digest:
                    raise GitHubError(
                        f"{name} of {staged.wanted.tag} is not what was uploaded",
                        fix="delete the asset from the draft, and run again",
                    )

    def commit(self) -> Publication:
        with self.lease():
            for staged in self._staged:
                self._publish(staged)
        return Publication(
            publisher=self.name,
            location=f"GitHub {self.github.name}",
            uploaded=self._uploaded,
            present=self._present,
            instructions=tuple(staged.release.html_url for staged in self._staged),
        )

    def _there(self, release: GitHubRelease) -> dict[str, Asset]:
        return {asset.name: asset for asset in self.github.assets(release) if asset.complete}

    def _stage(
        self, wanted: TaggedRelease, draft: GitHubRelease, kept: tuple[Artifact, ...], there: dict[str, Asset]
    ) -> _Staged:
        digests = {artifact.path.name: artifact.published_sha256 for artifact in kept}
        sums = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode()
        extra = self._extra(sums, there)
        for artifact in kept:
            self._add(draft, artifact.path, there)
        with tempfile.TemporaryDirectory(prefix="jesses-") as scratch:
            for name, data in extra.items():
                path = Path(scratch) / name
                path.write_bytes(data)
                digests[name] = self._add(draft, path, there)
        return _Staged(wanted=wanted, release=draft, artifacts=kept, digests=digests)

    def _add(self, release: GitHubRelease, path: Path, there: dict[str, Asset]) -> str:
        asset = there.get(path.name)
        if asset:
            self._present += 1
        else:
            asset = self.github.upload(release, path.name, path)
            self._uploaded += 1
        return self.github.digest(asset)

    def _compared(self, artifact: Artifact, asset: Asset) -> Artifact:
        """The artifact as it is on GitHub: a package that is there keeps the signature that it has."""
        if self.github.digest(asset) == artifact.published_sha256:
            return artifact
        if artifact.kind in {"deb", "rpm"}:
            return adopt(artifact, io.BytesIO(self.github.content(asset)), f"{asset.name} on GitHub")
        raise _conflict(asset.name)

    def _extra(self, sums: bytes, there: dict[str, Asset]) -> dict[str, bytes]:
        """The list of digests, its signature and the key; a good signature that is there stays."""
        if SUMS in there and self.github.content(there[SUMS]) != sums:
            raise _conflict(SUMS)
        extra = {SUMS: sums}
        if self.signer:
            signature = f"{SUMS}.asc"
            extra[signature] = self.signer.detach(sums)
            extra[f"{self.project}.asc"] = self.signer.public_key
            if signature in there and not self._is_good(sums, there[signature]):
                raise _conflict(signature)
        return extra

    def _is_good(self, sums: bytes, signature: Asset) -> bool:
        key = self.signer.public_key if self.signer else b""
        return is_signed_by(key, sums, self.github.content(signature))

    def _publish(self, staged: _Staged) -> None:
        wanted = staged.wanted
        if staged.release.draft:
            published = self._published(wanted.component)
            self.github.publish(
                staged.release,
                body=notes(wanted.body, staged.artifacts, self.install),
                prerelease=bool(wanted.version.prerelease),
                latest=wanted.leads and moving_tags.LATEST in moving_tags.forward(wanted.version, published),
            )
        if wanted.leads:
            self._settle_latest(wanted)

    def _settle_latest(self, wanted: TaggedRelease) -> None:
        """Read back what GitHub calls the latest, and put it right where somebody without the lease has moved it.

        Raises:
            GitHubError: it does not stay where it is put.

        """
        unsettled = GitHubError(
            "what GitHub calls the latest does not stay where it is put",
            fix="see who else moves it, and run again",
        )
        for _ in attempts(unsettled, tries=SETTLING_TRIES):
            published = self._published(wanted.component)
            highest = moving_tags.highest(moving_tags.LATEST, published)
            current = self.github.latest_release()
            if highest is None or (current and current.tag == published[highest].tag):
                return
            self.github.make_latest(published[highest])

    def _published(self, component: str) -> dict[Version, GitHubRelease]:
        """The releases of a component that users see, by their versions."""
        by_tag = {release.tag: release for release in self.github.releases() if not release.draft}
        line = tagged_versions(self.components, dict.fromkeys(by_tag, ""))[component]
        return {tagged.version: by_tag[tagged.tag] for tagged in line}


def _is_of(artifact: Artifact, wanted: TaggedRelease) -> bool:
    return artifact.component == wanted.component and artifact.kind in FILES


def _conflict(name: str) -> ConflictError:
    return ConflictError(
        f"GitHub has {name} with other bytes",
        fix="a published version never changes: release a new one, or delete the draft that nobody has seen",
    )
