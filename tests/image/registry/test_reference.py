import pytest

from jesses.base.errors import RegistryError
from jesses.image.registry.reference import Reference


@pytest.mark.parametrize(
    ("text", "name", "url"),
    [
        ("debian", "docker.io/library/debian", "https://registry-1.docker.io"),
        ("debian:12", "docker.io/library/debian:12", "https://registry-1.docker.io"),
        ("docker.io/debian", "docker.io/library/debian", "https://registry-1.docker.io"),
        ("index.docker.io/example/kestrel", "docker.io/example/kestrel", "https://registry-1.docker.io"),
        ("example/kestrel", "docker.io/example/kestrel", "https://registry-1.docker.io"),
        ("public.ecr.aws/abc/kestrel:1", "public.ecr.aws/abc/kestrel:1", "https://public.ecr.aws"),
        ("localhost/kestrel", "localhost/kestrel", "http://localhost"),
        ("127.0.0.1:5000/a/b:c", "127.0.0.1:5000/a/b:c", "http://127.0.0.1:5000"),
        ("[::1]:5000/a", "[::1]:5000/a", "http://[::1]:5000"),
        ("https://127.0.0.1:5000/a", "127.0.0.1:5000/a", "https://127.0.0.1:5000"),
        ("http://registry.example.org/a", "registry.example.org/a", "http://registry.example.org"),
        (f"a.example/b@sha256:{'0' * 64}", f"a.example/b@sha256:{'0' * 64}", "https://a.example"),
        (f"a.example/b:1@sha256:{'0' * 64}", f"a.example/b:1@sha256:{'0' * 64}", "https://a.example"),
    ],
)
def test_names_are_read_as_engines_read_them(text: str, name: str, url: str) -> None:
    reference = Reference.parse(text)
    assert str(reference) == name
    assert reference.url == url


def test_the_digest_decides_before_the_tag_and_without_either_it_is_latest() -> None:
    digest = f"sha256:{'1' * 64}"
    assert Reference.parse(f"a.example/b:1@{digest}").target == digest
    assert Reference.parse("a.example/b:1").target == "1"
    assert Reference.parse("a.example/b").target == "latest"


def test_a_prefix_leads_to_the_repositories_below_it() -> None:
    assert str(Reference.parse_prefix("docker.io/example").below("kestrel")) == "docker.io/example/kestrel"
    assert str(Reference.parse_prefix("ghcr.io/example").below("kestrel")) == "ghcr.io/example/kestrel"


@pytest.mark.parametrize(
    "text", ["", "A.example/B", "ftp://a.example/b", "a.example/b:-x", "a.example/b@sha256:1"]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(RegistryError, match="is no image name"):
        Reference.parse(text)
