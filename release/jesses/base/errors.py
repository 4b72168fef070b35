"""The family of errors that end a run.

Each says what happened and how to cure it, and each kind has its own exit code, so that a CI job can tell
a broken configuration from a failed build without reading text.
"""


class ReleaseError(Exception):
    """What happened, and how to cure it. Only `release/tasks/` turns one into an exit code."""

    exit_code = 1

    def __init__(self, what: str, *, fix: str = "", output: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.output = output

    def __str__(self) -> str:
        return f"{self.what}\n  fix: {self.fix}" if self.fix else self.what


class ConfigError(ReleaseError):
    """`release.toml` cannot be used; the message lists every problem at once."""

    exit_code = 10


class HistoryError(ReleaseError):
    """Git cannot say which version this is."""

    exit_code = 11


class VersionError(ReleaseError):
    """A text is no version, or a version cannot be spelled where it must go."""

    exit_code = 12


class CommandError(ReleaseError):
    """A command of the product could not be run or failed; `output` replays what it printed."""

    exit_code = 13


class PayloadError(ReleaseError):
    """The files of a package are missing, clash or may not be packaged."""

    exit_code = 14


class FormatError(ReleaseError):
    """A format of packages or images forbids what it was asked to hold, or what was read is not in it."""

    exit_code = 15


class SigningError(ReleaseError):
    """A key is missing, unusable or refused."""

    exit_code = 16


class StoreError(ReleaseError):
    """An object store failed or refused."""

    exit_code = 17


class ConflictError(ReleaseError):
    """The same name is already published with other bytes."""

    exit_code = 18


class RepositoryError(ReleaseError):
    """A package repository in a store is damaged or not ours to change."""

    exit_code = 19


class OutputError(ReleaseError):
    """The output directory is not ours to replace, or cannot be written."""

    exit_code = 20


class EngineError(ReleaseError):
    """A tool or service that this step needs is not there."""

    exit_code = 21


class LeaseError(ReleaseError):
    """Another run has taken over what this one was doing."""

    exit_code = 22


class RegistryError(ReleaseError):
    """An image registry failed, refused, or is not what it should be."""

    exit_code = 26


class GitHubError(ReleaseError):
    """GitHub refused, failed, or answered what its API does not say; `status` is HTTP's, 0 without an answer."""

    exit_code = 27

    def __init__(self, what: str, *, fix: str = "", status: int = 0) -> None:
        super().__init__(what, fix=fix)
        self.status = status


class CutError(ReleaseError):
    """A release cannot be cut as things stand; nothing of it has been pushed."""

    exit_code = 28


class PickError(CutError):
    """A backport conflicts and needs hands; running again goes on from there."""

    exit_code = 29
