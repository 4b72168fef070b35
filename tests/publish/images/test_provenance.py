from jesses.history.ci import detect
from jesses.publish.images import provenance

ANNOTATIONS = {
    "org.opencontainers.image.source": "https://git.example.org/kestrel",
    "org.opencontainers.image.revision": "a" * 40,
    "org.opencontainers.image.version": "1.2.0",
    "org.opencontainers.image.created": "2026-01-01T00:00:00Z",
    "org.opencontainers.image.base.name": "docker.io/library/debian:12",
    "org.opencontainers.image.base.digest": f"sha256:{'b' * 64}",
}


def test_a_statement_names_what_went_in_and_who_made_it() -> None:
    environment = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_WORKFLOW_REF": "a/b/release.yml@main",
    }
    made = provenance.statement("a.example/kestrel", [f"sha256:{'c' * 64}"], ANNOTATIONS, detect(environment))
    assert made["subject"] == [{"name": "a.example/kestrel", "digest": {"sha256": "c" * 64}}]
    definition = made["predicate"]["buildDefinition"]
    assert definition["externalParameters"] == {
        "source": "https://git.example.org/kestrel",
        "revision": "a" * 40,
        "version": "1.2.0",
    }
    assert definition["resolvedDependencies"] == [
        {"uri": "git+https://git.example.org/kestrel", "digest": {"gitCommit": "a" * 40}},
        {"uri": "oci://docker.io/library/debian:12", "digest": {"sha256": "b" * 64}},
    ]
    assert made["predicate"]["runDetails"]["builder"]["id"] == "https://github.com/a/b/release.yml@main"
