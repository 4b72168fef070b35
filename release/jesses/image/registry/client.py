"""One repository of a registry: its blobs, manifests, tags and what refers to its images.

Specification: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urljoin

import requests

from jesses.base.bytes.atomic import PUBLIC, replacing
from jesses.base.digest import is_digest
from jesses.base.errors import FormatError, RegistryError
from jesses.base.progress import Progress, no_progress
from jesses.image.manifest import INDEX_TYPES, MANIFEST_TYPES, Document, digest_of
from jesses.image.names import TAG
from jesses.image.registry.auth import scope
from jesses.image.registry.transport import PassingError, RegistryRequest, RegistryTransport
from jesses.image.registry.upload import CHUNK, Blob, BlobUpload

UploadResult = Literal["present", "mounted", "uploaded"]
"""What became of a blob: it was there, or the registry took it from another repository, or it was uploaded."""

_ACCEPTED: Final = ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))
_PAGE: Final = 1000
_MOST_PAGES: Final = 1000
_NEXT: Final = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')
_MISSING: Final = (HTTPStatus.OK, HTTPStatus.NOT_FOUND)


class ImageRepository:
    """A repository `name`, to read from or, with `writes`, to write to; several threads may use it at once."""

    def __init__(
        self, transport: RegistryTransport, name: str, *, writes: bool = False, chunk: int = CHUNK
    ) -> None:
        self.transport = transport
        self.name = name
        self._url = f"{transport.url}/v2/{name}"
        self._chunk = chunk
        self._scopes = frozenset({scope(name, "pull", "push") if writes else scope(name, "pull")})

    def has_blob(self, digest: str) -> bool:
        """Whether the repository has a blob.

        Raises:
            RegistryError: the registry refuses to say, or failures did not pass.

        """
        return self._exists(self._blob(digest))

    def put_blob(self, blob: Blob, *, progress: Progress = no_progress) -> UploadResult:
        """Have the blob there: it is already, or is taken over from its origin, or is uploaded.

        Raises:
            RegistryError: the registry refuses it, or failures did not pass.

        """
        if self.has_blob(blob.digest):
            return "present"
        scopes = self._scopes | ({scope(blob.origin, "pull")} if blob.origin else frozenset())
        upload = BlobUpload(
            transport=self.transport,
            url=self._url,
            scopes=scopes,
            blob=blob,
            progress=progress,
            chunk=self._chunk,
        )
        return "uploaded" if upload.run() else "mounted"

    def fetch_blob(self, digest: str, target: Path) -> None:
        """Write a blob to the file `target`, which is changed only when the bytes are those of the digest.

        Raises:
            RegistryError: it is missing, or its bytes are not those of the digest.

        """
        path = self._blob(digest)
        for attempt in self.transport.attempts():
            with attempt, replacing(target, mode=PUBLIC) as out:
                found = hashlib.sha256()
                with closing(self._get(path, {})) as response:
                    for block in self.transport.blocks(response):
                        found.update(block)
                        out.write(block)
                if f"sha256:{found.hexdigest()}" != digest:
                    raise PassingError(f"other bytes than those of {digest}")

    def read_blob(self, digest: str) -> bytes:
        """The bytes of a blob that fits into memory, such as a configuration.

        Raises:
            RegistryError: it is missing, or its bytes are not those of the digest.

        """
        for attempt in self.transport.attempts():
            with attempt, closing(self._get(self._blob(digest), {})) as response:
                data = self.transport.document(response)
                if digest_of(data) != digest:
                    raise PassingError(f"other bytes than those of {digest}")
                return data
        raise AssertionError("attempts end with an error")

    def has_manifest(self, reference: str) -> bool:
        """Whether the repository has a manifest or an index with this tag or digest; errors as `has_blob`."""
        return self._exists(self._manifest(reference))

    def find_manifest(self, reference: str) -> Document | None:
        """The manifest or index of a tag or digest; None where there is none.

        Raises:
            RegistryError: its bytes are not those of the digest.

        """
        for attempt in self.transport.attempts():
            with attempt:
                headers = {"Accept": _ACCEPTED}
                with closing(self._get(self._manifest(reference), headers, expect=_MISSING)) as response:
                    if response.status_code == HTTPStatus.NOT_FOUND:
                        return None
                    media_type = response.headers.get("Content-Type", "").partition(";")[0]
                    document = Document(media_type=media_type, data=self.transport.document(response))
                promised = (
                    reference if ":" in reference else response.headers.get("Docker-Content-Digest", "")
                )
                if promised and promised != document.digest:
                    raise PassingError(f"a manifest with other bytes than those of {promised}")
                return document
        raise AssertionError("attempts end with an error")

    def manifest(self, reference: str) -> Document:
        """The manifest or index of a tag or digest.

        Raises:
            RegistryError: there is none.

        """
        found = self.find_manifest(reference)
        if found is None:
            raise RegistryError(
                f"{self.transport.host}/{self.name} has no {reference}", fix="correct its tag or digest"
            )
        return found

    def put_manifest(self, document: Document, reference: str = "") -> bool:
        """Write a manifest under its digest, or under a tag; whether the registry knows its `subject`.

        Raises:
            RegistryError: the registry refuses it or stored something else.

        """
        request = RegistryRequest(
            "PUT",
            f"{self._url}/{self._manifest(reference or document.digest)}",
            scopes=self._scopes,
            expect=[HTTPStatus.CREATED],
            headers={"Content-Type": document.media_type},
            body=document.data,
            what=f"writing {self.name}:{reference or document.digest}",
        )
        response = self.transport.send(request)
        stored = response.headers.get("Docker-Content-Digest", document.digest)
        if stored != document.digest:
            raise RegistryError(
                f"{self.transport.host} stored {stored} where the manifest {document.digest} was sent",
                fix="something between here and there changes bytes: try another network or registry",
            )
        return "OCI-Subject" in response.headers

    def tags(self) -> tuple[str, ...]:
        """Every tag; none where the repository is not there yet.

        Raises:
            RegistryError: the registry refuses to say, or failures did not pass.
            FormatError: its answer is no list of tags.

        """
        found: list[str] = []
        url = f"{self._url}/tags/list?n={_PAGE}"
        for _ in range(_MOST_PAGES):
            page, following = self._page(url)
            found += _tags(page) if page else ()
            if following is None:
                return tuple(found)
            url = following
        raise RegistryError(
            f"the list of tags of {self.transport.host}/{self.name} does not end after {_MOST_PAGES} pages",
            fix="delete tags that nobody needs, or see what the registry answers",
        )

    def referrers(self, digest: str) -> tuple[dict[str, Any], ...]:
        """Descriptors of what refers to an image, from the referrers API or else by the tag scheme.

        Each has all its fields, read or not: who adds to the list of the tag scheme writes them back. Errors are
        those of `tags`.
        """
        self._blob(digest)
        listed, _ = self._page(f"{self._url}/referrers/{digest}")
        listed = listed or self.find_manifest(referrers_tag(digest))
        found = (listed.json.get("manifests") if listed else None) or []
        return tuple(entry for entry in found if isinstance(entry, dict)) if isinstance(found, list) else ()

    def lists_referrers(self) -> bool:
        """Whether the registry has the referrers API, which answers for any digest; errors as `has_blob`."""
        url = f"{self._url}/referrers/{digest_of(b'')}"
        response = self.transport.send(RegistryRequest("GET", url, scopes=self._scopes, expect=_MISSING))
        return response.status_code == HTTPStatus.OK

    def check_push(self) -> None:
        """See that we may write here, by starting an upload and giving it up.

        Raises:
            RegistryError: we may not.

        """
        begin = RegistryRequest(
            "POST",
            f"{self._url}/blobs/uploads/",
            scopes=self._scopes,
            expect=[HTTPStatus.ACCEPTED],
            what=f"writing to {self.name}",
        )
        response = self.transport.send(begin)
        if location := response.headers.get("Location"):
            url = urljoin(response.url, location)
            anything = range(200, 500)
            self.transport.send(RegistryRequest("DELETE", url, scopes=self._scopes, expect=anything))

    def _page(self, url: str) -> tuple[Document | None, str | None]:
        """A list that the registry makes, where it has it, and the address of what follows."""
        for attempt in self.transport.attempts():
            with attempt:
                response = self.transport.once(
                    RegistryRequest("GET", url, scopes=self._scopes, expect=_MISSING)
                )
                with closing(response):
                    if response.status_code == HTTPStatus.NOT_FOUND:
                        return None, None
                    link = _NEXT.search(response.headers.get("Link", ""))
                    return (
                        Document(media_type="", data=self.transport.document(response)),
                        urljoin(response.url, link[1]) if link else None,
                    )
        raise AssertionError("attempts end with an error")

    def _exists(self, path: str) -> bool:
        headers = {"Accept": _ACCEPTED} if path.startswith("manifests") else {}
        response = self.transport.send(
            RegistryRequest(
                "HEAD", f"{self._url}/{path}", scopes=self._scopes, expect=_MISSING, headers=headers
            )
        )
        return response.status_code == HTTPStatus.OK

    def _blob(self, digest: str) -> str:
        """The path of a blob; raises `RegistryError` where the text, which may be a stranger's, is no digest."""
        if not is_digest(digest):
            raise self._no_reference(digest)
        return f"blobs/{digest}"

    def _manifest(self, reference: str) -> str:
        if not is_digest(reference) and not TAG.fullmatch(reference):
            raise self._no_reference(reference)
        return f"manifests/{reference}"

    def _no_reference(self, text: str) -> RegistryError:
        return RegistryError(
            f"{self.transport.host}/{self.name} is not asked for {text[:200]!r}: it is no tag and no digest",
            fix="correct it where it stands: in release.toml, or in the image that names it",
        )

    def _get(
        self, path: str, headers: dict[str, str], *, expect: Iterable[int] = (HTTPStatus.OK,)
    ) -> requests.Response:
        what = f"reading {self.name} {path}"
        url = f"{self._url}/{path}"
        return self.transport.once(
            RegistryRequest("GET", url, scopes=self._scopes, expect=expect, headers=headers, what=what)
        )


def referrers_tag(digest: str) -> str:
    """The tag of the list of what refers to `digest`, where a registry has no referrers API."""
    return digest.replace(":", "-")


def _tags(page: Document) -> Sequence[str]:
    found = page.json.get("tags") or ()
    if not isinstance(found, list | tuple) or not all(isinstance(tag, str) for tag in found):
        raise FormatError("the registry's list of tags is none", fix="see what the registry answers")
    return found
