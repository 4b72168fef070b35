"""Where an image comes from, as SLSA provenance 1.0 in an in-toto statement.

Specifications: https://slsa.dev/spec/v1.0/provenance, https://github.com/in-toto/attestation (Statement v1).
No time of the run is in it, so that it is the same whenever it is made.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from jesses.history.ci import Ci

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://slsa.dev/provenance/v1"
BUILD_TYPE: Final = "urn:jesses:release:1"

_OCI: Final = "org.opencontainers.image."


def statement(name: str, digests: Iterable[str], annotations: Mapping[str, str], ci: Ci) -> dict[str, Any]:
    """What is known of the image `name`, whose index and manifests have `digests` (`sha256:<hex>`).

    `annotations` are the index's own; `ci` is the run that says so.
    """
    about = {key.removeprefix(_OCI): value for key, value in annotations.items() if key.startswith(_OCI)}
    return {
        "_type": STATEMENT_TYPE,
        "subject": subjects(name, digests),
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    key: about[key] for key in ("source", "revision", "version", "title") if key in about
                },
                "resolvedDependencies": list(_dependencies(about)),
            },
            "runDetails": {"builder": {"id": builder(ci)}},
        },
    }


def subjects(name: str, digests: Iterable[str]) -> list[dict[str, Any]]:
    """What a statement is about, as in-toto has it: `name` with each of `digests`."""
    return [{"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}} for digest in digests]


def builder(ci: Ci) -> str:
    """Who runs this: the workflow of GitHub Actions, or somebody's machine.

    >>> from jesses.history.ci import LOCAL
    >>> builder(LOCAL)
    'urn:jesses:builder:local'
    """
    return ci.workflow or "urn:jesses:builder:local"


def _dependencies(about: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    if revision := about.get("revision"):
        yield {"uri": f"git+{about.get('source', '')}", "digest": {"gitCommit": revision}}
    if digest := about.get("base.digest"):
        uri = f"oci://{about.get('base.name', '')}"
        yield {"uri": uri, "digest": {"sha256": digest.removeprefix("sha256:")}}
