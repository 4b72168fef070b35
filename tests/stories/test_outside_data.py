"""Whatever comes from outside is read, or refused by one of our own errors: no parser ends in a traceback.

Valid data is bent at random, and given to each parser. `JESSES_FUZZ_EXAMPLES=1000000` asks for a longer run.
"""

import bz2
import gzip
import io
import json
import lzma
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from semver import Version

from jesses.base.errors import ReleaseError
from jesses.channel import keys
from jesses.channel.journal import journals_of
from jesses.channel.records import Record
from jesses.config import parse as parse_configuration
from jesses.history.commit_header import parse_header
from jesses.history.notes.changelog import section_of
from jesses.history.notes.parse import headline, release_note
from jesses.image.config_file import parse_config
from jesses.image.manifest import Document, parse
from jesses.image.registry.auth import challenges
from jesses.image.registry.reference import Reference
from jesses.package import elf
from jesses.package.compression import Packer
from jesses.package.formats import deb, deb_reader, rpm, rpm_file
from jesses.publish.apt import contents
from jesses.publish.apt.index import Stanza
from jesses.publish.apt.metadata import ReleaseFile
from jesses.publish.files.latest import path as latest_path
from jesses.publish.files.latest import version_of
from jesses.publish.shared.decompress import decompress
from jesses.publish.shared.objects import RepositoryObjects
from jesses.publish.yum.lists import EMPTY
from jesses.publish.yum.metadata import describe
from jesses.publish.yum.repomd import MirrorList, next_repomd, read_lists
from jesses.signing.verification import is_signed_by
from tests.support import deb_example, rpm_example
from tests.support.apt_site import SIGNER
from tests.support.hawk import PRODUCT
from tests.support.memory_store import MemoryStore
from tests.support.paths import ELF

EXAMPLES: Final = int(os.environ.get("JESSES_FUZZ_EXAMPLES", "150"))
SHA256: Final = "sha256:" + "ab" * 32

MANIFEST: Final = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": SHA256, "size": 2},
    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": SHA256, "size": 3}],
    "annotations": {"a": "b"},
}
INDEX: Final = {
    "schemaVersion": 2,
    "manifests": [
        {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": SHA256,
            "size": 2,
            "platform": {"architecture": "amd64", "os": "linux"},
        }
    ],
}
CONFIGURATION: Final = {
    "architecture": "amd64",
    "os": "linux",
    "config": {"Env": ["PATH=/bin"], "Labels": {"a": "b"}},
    "rootfs": {"type": "layers", "diff_ids": [SHA256]},
    "history": [{"created_by": "x"}],
}
RELEASE: Final = (
    b"Origin: kestrel\nSuite: stable\nCodename: stable\nDate: Tue, 14 Nov 2023 22:13:20 UTC\n"
    b"Architectures: amd64\nComponents: main\nSHA256:\n " + b"ab" * 32 + b" 12 main/binary-amd64/Packages\n"
)


PACKED: Final = {kind: gzip.compress(document) for kind, document in EMPTY.documents.items()}
SIGNATURE: Final = SIGNER.detach(b"text")
REPOMD: Final = next_repomd(None, replace(EMPTY, packed=PACKED), now=1)


@dataclass(frozen=True)
class Parser:
    """Reads `seeds`, and what they become, or raises a `ReleaseError`."""

    name: str
    read: Callable[[bytes], object]
    seeds: Callable[[], tuple[bytes, ...]]
    also_refused: bool = False
    """Whether the seeds name something else, which is not there."""


@cache
def packages() -> tuple[bytes, bytes]:
    with tempfile.TemporaryDirectory() as directory, Packer(Path(directory), threads=1) as packer:
        return (
            bytes(deb.assemble(deb_example.KESTREL, packer).file),
            bytes(rpm.assemble(rpm_example.KESTREL, packer).file),
        )


def text(function: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: function(data.decode(errors="replace"))


def in_a_file(function: Callable[[Path], object]) -> Callable[[bytes], object]:
    def read(data: bytes) -> object:
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            return function(Path(file.name))

    return read


def seeds(*data: bytes) -> Callable[[], tuple[bytes, ...]]:
    return lambda: data


def index_of_rpm(data: bytes) -> object:
    return describe(rpm_file.read(io.BytesIO(data)), sha256="ab" * 32, size=len(data), location="x.rpm")


def yum_lists(data: bytes) -> object:
    return read_lists(data, lambda _href: b"another file")


VERSION: Final = Version.parse("1.0.0")
RECORD: Final = b"""{"artifacts": {"hawk.deb": {"key": "apt/pool/hawk.deb", "kind": "deb", "name": "hawk",
"arch": "x86_64", "size": 1, "sha256": "ab", "signed_sha256": null}},
"channels": {"stable": {"published": 1, "objects": {}}}}"""
JOURNAL: Final = b'{"channel": "stable", "versions": {"agent": "1.0.0"}, "artifacts": [], "state": "staged"}'


def in_store(key: str, read: Callable[[MemoryStore], object]) -> Callable[[bytes], object]:
    def from_store(data: bytes) -> object:
        store = MemoryStore()
        store.put(key, data)
        return read(store)

    return from_store


def record(store: MemoryStore) -> object:
    return Record(store=store, project="hawk", component="agent", version=VERSION).read()


def journals(store: MemoryStore) -> object:
    return list(journals_of(store, "hawk", "stable", "agent", VERSION))


def latest(store: MemoryStore) -> object:
    return version_of(RepositoryObjects(store, "files"), "agent")


def manifest(data: bytes) -> object:
    return parse(Document(media_type="application/vnd.oci.image.manifest.v1+json", data=data))


PARSERS: Final = (
    Parser(
        "control file of a DEB", lambda data: deb_reader.control(io.BytesIO(data)), lambda: packages()[:1]
    ),
    Parser("paths of a DEB", lambda data: deb_reader.paths(io.BytesIO(data)), lambda: packages()[:1]),
    Parser("an RPM", index_of_rpm, lambda: packages()[1:]),
    Parser("a program", in_a_file(elf.read), lambda: ((ELF / "dynamic-x86_64").read_bytes(),)),
    Parser("Release", ReleaseFile.parse, seeds(RELEASE)),
    Parser("Packages", Stanza.parse, seeds(b"Package: hawk\nVersion: 1.0\nArchitecture: amd64\nSize: 1\n")),
    Parser("Contents", contents.parse, seeds(b"usr/bin/hawk  admin/hawk,misc/hawk-dbg\n")),
    Parser("repomd.xml", yum_lists, lambda: (REPOMD,), also_refused=True),
    Parser("mirrorlist", MirrorList.parse, seeds(b"# sources ab\nhttps://example.org/snap/ab12/\n")),
    Parser(
        "a compressed index",
        lambda data: decompress(data, "x", most=1 << 20),
        seeds(
            gzip.compress(RELEASE), lzma.compress(RELEASE), bz2.compress(RELEASE), zstandard.compress(RELEASE)
        ),
    ),
    Parser("a manifest", manifest, seeds(json.dumps(MANIFEST).encode(), json.dumps(INDEX).encode())),
    Parser(
        "an image's configuration",
        lambda data: parse_config(data, name="x"),
        seeds(json.dumps(CONFIGURATION).encode()),
    ),
    Parser("a reference", text(Reference.parse), seeds(b"docker.io/library/debian:12@" + SHA256.encode())),
    Parser(
        "a challenge",
        text(lambda header: list(challenges(header))),
        seeds(b'Bearer realm="https://a.example/token",service="a",scope="repository:x:pull"'),
    ),
    Parser("a record", in_store(keys.record("hawk", "agent", VERSION), record), seeds(RECORD)),
    Parser(
        "a journal",
        in_store(keys.journal("hawk", "stable_agent-1.0.0"), journals),
        seeds(JOURNAL),
    ),
    Parser("latest", in_store(f"files/{latest_path('agent')}", latest), seeds(b'{"version": "1.0.0"}')),
    Parser("release.toml", text(lambda toml: parse_configuration(toml, origin="x")), seeds(PRODUCT.encode())),
    Parser("a commit message", text(parse_header), seeds(b"feat(scope)!: words\n\nBREAKING CHANGE: more\n")),
    Parser(
        "a pull request",
        text(lambda body: (release_note(body), headline(body))),
        seeds(b"```release-note\nx\n```"),
    ),
    Parser(
        "CHANGELOG.md", text(lambda log: section_of(log, "1.2.0")), seeds(b"# Changelog\n\n## 1.2.0\n\n- x\n")
    ),
    Parser(
        "a signature",
        lambda data: is_signed_by(SIGNER.public_key, b"text", data),
        lambda: (SIGNATURE,),
    ),
)


@st.composite
def bent(draw: st.DrawFn, parser: Parser) -> bytes:
    """A seed with some of its bytes replaced, taken out, put in twice, or cut off."""
    data = draw(st.sampled_from(parser.seeds()))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        change = draw(st.sampled_from(("replace", "remove", "repeat", "cut", "random")))
        if change == "replace":
            data = data[:start] + draw(st.binary(max_size=12)) + data[end:]
        elif change == "remove":
            data = data[:start] + data[end:]
        elif change == "repeat":
            data = data[:end] + data[start:end] * draw(st.integers(1, 50)) + data[end:]
        elif change == "cut":
            data = data[:start]
        else:
            data = draw(st.binary(max_size=64))
    return data


by_name = pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)


@by_name
def test_what_comes_from_outside_is_read_or_refused(parser: Parser) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(bent(parser))
    def check(data: bytes) -> None:
        with suppress(ReleaseError):
            parser.read(data)

    check()


@by_name
def test_the_seeds_are_read(parser: Parser) -> None:
    for seed in parser.seeds():
        if parser.also_refused:
            with pytest.raises(ReleaseError):
                parser.read(seed)
        else:
            parser.read(seed)


NESTED: Final = (b"[" * 100_000, b'{"a":' * 100_000, b"<a>" * 100_000, b"(" * 100_000)


@by_name
@pytest.mark.parametrize("data", NESTED, ids=["arrays", "objects", "elements", "parentheses"])
def test_nesting_without_end_is_no_crash(parser: Parser, data: bytes) -> None:
    with suppress(ReleaseError):
        parser.read(data)
