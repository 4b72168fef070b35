"""`SHA256SUMS`: the signed list of the files to download, which makes them public.

It changes by compare-and-swap and keeps the lines of other writers; its detached signature follows it, as
nothing can swap the two together.
"""

from collections.abc import Callable, Mapping
from typing import Final

from jesses.base.errors import RepositoryError
from jesses.base.retry import attempts, keeps_changing
from jesses.publish.shared.objects import RepositoryObjects
from jesses.signing import Signer
from jesses.signing.verification import is_signed_by

SUMS: Final = "SHA256SUMS"
SIGNATURE: Final = f"{SUMS}.asc"

SumLines = Mapping[str, str]
"""Digests by file name."""


class Sums:
    """The list among `objects`."""

    def __init__(self, objects: RepositoryObjects, signer: Signer | None) -> None:
        self._objects = objects
        self._signer = signer

    def read(self) -> SumLines:
        """What the list names.

        Raises:
            RepositoryError: it is no list of digests.

        """
        stored = self._objects.get(SUMS)
        return parsed(stored.data.decode("utf-8", "replace")) if stored else {}

    def edit(self, change: Callable[[SumLines], SumLines]) -> None:
        """Make what `change` gives visible; again, where another job was faster.

        Raises:
            RepositoryError: it is no list of digests.
            StoreError: the store failed, or other jobs were faster each time.

        """

        def changed(found: bytes | None) -> bytes | None:
            text = (found or b"").decode("utf-8", "replace")
            wanted = rendered(change(parsed(text)))
            return found if wanted == text else wanted.encode()

        self._objects.edit(SUMS, changed)
        self._sign()

    def _sign(self) -> None:
        """Sign the list as it stands; when another writer moves it meanwhile, sign again."""
        for _ in attempts(keeps_changing(self._objects.key(SIGNATURE))):
            sums = self._objects.get(SUMS)
            if self._signer is None or sums is None:
                return
            signature = self._objects.get(SIGNATURE)
            if signature and is_signed_by(self._signer.public_key, sums.data, signature.data):
                self._objects.note_pointer(SIGNATURE)
            else:
                token = signature.token if signature else None
                # Where somebody else signed meanwhile, look again.
                if self._objects.swap(SIGNATURE, self._signer.detach(sums.data), token) is None:
                    continue
            if self._objects.token(SUMS) == sums.token:
                return


def parsed(text: str) -> dict[str, str]:
    """The lines of a list; raises `RepositoryError` where it is none."""
    known = {}
    for line in text.splitlines():
        digest, separator, name = line.partition("  ")
        if not separator:
            raise RepositoryError(f"{SUMS} holds {line!r}", fix="restore it: `sha256sum * > SHA256SUMS`")
        known[name] = digest
    return known


def rendered(lines: SumLines) -> str:
    r"""A list, sorted by file name.

    >>> rendered({"b": "2", "a": "1"})
    '1  a\n2  b\n'
    """
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(lines.items()))
