"""What an error of S3 means, and how it is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
)

from jesses.base.errors import StoreError

Cause = Literal["missing", "refused", "busy", "beyond", "other"]

# Codes: Amazon S3 API Reference, "Error responses"; a HEAD request has its status for a code.
_CAUSES: Final[dict[str, Cause]] = {
    "404": "missing",
    "NoSuchKey": "missing",
    "NotFound": "missing",
    "412": "refused",
    "PreconditionFailed": "refused",
    "409": "busy",
    "ConditionalRequestConflict": "busy",
    "OperationAborted": "busy",
    "416": "beyond",
    "InvalidRange": "beyond",
}
_CURES: Final = {
    "403": "grant s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject below the store's prefix",
    "NoSuchBucket": "create the bucket, or correct `store` in release.toml",
    "InvalidAccessKeyId": "correct AWS_ACCESS_KEY_ID, or the profile that is used",
    "SignatureDoesNotMatch": "correct AWS_SECRET_ACCESS_KEY, or the profile that is used",
    "BadDigest": "run again; if it happens again, what lies between here and the store damages uploads",
    "PermanentRedirect": "set `region` to the bucket's",
    "AuthorizationHeaderMalformed": "set `region` to the bucket's",
}
_CURES["AccessDenied"] = _CURES["403"]
_SERVER_ERROR: Final = 500


def cause(error: BaseException) -> Cause:
    """What kind of error this is. A condition on an object that is gone answers "missing"."""
    return _CAUSES.get(_code(error), "other")


def may_have_been_done(error: ClientError | BotoCoreError) -> bool:
    """Whether a request that ended so may have taken effect: it was sent more than once, or not answered."""
    if isinstance(error, ClientError):
        metadata: Any = error.response.get("ResponseMetadata", {})
        return bool(metadata.get("RetryAttempts")) or metadata.get("HTTPStatusCode", 0) >= _SERVER_ERROR
    return isinstance(error, (HTTPClientError, IncompleteReadError))


@contextmanager
def explained(what: str, url: str) -> Iterator[None]:
    """Turn errors of S3, and of files that are sent there, into `StoreError`."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise StoreError(
            f"cannot {what} {url}: there are no credentials for it",
            fix="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or a role",
        ) from error
    except ClientError as error:
        said = error.response.get("Error", {})
        raise StoreError(
            f"cannot {what} {url}: {said.get('Message') or error} ({_code(error)})",
            fix=_CURES.get(_code(error), "check the store and its endpoint, then run again"),
        ) from error
    except BotoCoreError as error:
        raise StoreError(
            f"cannot {what} {url}: {error}", fix="check `endpoint` and the network, then run again"
        ) from error
    except OSError as error:
        raise StoreError(
            f"cannot {what} {url}: {error.filename}: {error.strerror}",
            fix="check the file that was to be sent",
        ) from error


def _code(error: BaseException) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
