import tomllib
from pathlib import Path

import fastjsonschema
import pytest

from jesses.base.errors import ConfigError
from jesses.config import load, parse
from jesses.config.schema import json_schema
from tests.support.paths import ROOT

GOOD = """
[project]
name = "kestrel"
summary = "Streams events"
homepage = "https://kestrel.example.org/"
license = "Apache-2.0"
maintainer = "K <k@example.org>"
vendor = "V"
[components.userspace]
[builds.agent]
component = "userspace"
command = ["make"]
[packages.kestrel]
component = "userspace"
build = "agent"
description = "An agent."
contents = [{ path = "/usr/bin/kestrel", staged = "bin/kestrel" }]
"""

MISTAKES = {
    'vendor = "V"': "vendor = 1979-05-27",
    'name = "kestrel"': 'name = "kestrel\\n"',
    "[components.userspace]": "[components.Userspace]",
    'command = ["make"]': "command = []",
    'description = "An agent."': 'description = ""',
    'staged = "bin/kestrel"': 'staged = "bin/kestrel", mode = 755',
    '"Apache-2.0"': '["Apache-2.0"]',
}
"""What to change in a good file for one mistake."""


def problems(tmp_path: Path, text: str) -> str:
    (tmp_path / "release.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    return caught.value.what


def test_a_good_file_is_taken_with_its_defaults(tmp_path: Path) -> None:
    (tmp_path / "release.toml").write_text(GOOD)
    config = load(tmp_path)
    assert config.builds["agent"].architectures == ("x86_64", "aarch64")
    assert config.packages["kestrel"].formats == ("tarball", "deb", "rpm")


def test_kestrels_own_file_is_good() -> None:
    assert set(load(ROOT / "examples" / "kestrel").components) == {"userspace", "driver"}


def test_every_problem_is_reported_at_once_with_its_key_path(tmp_path: Path) -> None:
    what = problems(
        tmp_path,
        GOOD.replace('vendor = "V"', 'vendr = "V"')
        .replace('name = "kestrel"', "name = 7")
        .replace(
            "[components.userspace]", '[components.userspace]\ntagg = "v{version}"\nfirst_version = "1.0"'
        )
        + "\n[chanels.dev]\n",
    )
    assert "release.toml has 6 problems:" in what
    assert "project.vendr: unknown key; did you mean 'vendor'?" in what
    assert "project.vendor: is missing" in what
    assert "project.name: Expected `str`, got `int`" in what
    assert "components.userspace.tagg: unknown key; did you mean 'tag'?" in what
    assert "components.userspace.first_version: '1.0' must be a SemVer, such as 1.2.0-rc.1" in what
    assert "chanels: unknown key; did you mean 'channels'?" in what


def test_a_misspelled_key_deep_inside_gets_the_likely_name(tmp_path: Path) -> None:
    what = problems(tmp_path, GOOD.replace("staged =", "stagged ="))
    assert "packages.kestrel.contents.0.stagged: unknown key; did you mean 'staged'?" in what


def test_references_and_files_that_do_not_exist_are_all_named(tmp_path: Path) -> None:
    what = problems(
        tmp_path,
        GOOD.replace('build = "agent"', 'build = "agnet"').replace(
            'staged = "bin/kestrel" }', 'staged = "../bin" }, { path = "/etc/k", source = "k.conf" }'
        )
        + '[packages.kestrel.deb]\nscripts = { postinst = "missing", post = "missing" }\n'
        + '[components.driver]\nbump = "contract"\ncontract = ["API_VERSION"]\n',
    )
    assert "packages.kestrel.build: there is no 'agnet'; there is agent" in what
    assert "contents.0.staged: '../bin' leaves the tree" in what
    assert "contents.1.source: there is no k.conf in the repository" in what
    assert "deb.scripts.postinst: there is no file missing" in what
    assert "deb.scripts.post: deb has no such script; it has preinst, postinst" in what
    assert "components.driver.contract.0: there is no file API_VERSION" in what


def test_a_path_claimed_by_two_packages_is_an_error(tmp_path: Path) -> None:
    other = GOOD[GOOD.index("[packages.kestrel]") :].replace("packages.kestrel]", "packages.other]")
    what = problems(tmp_path, GOOD + other)
    assert "/usr/bin/kestrel is claimed 2 times in deb packages" in what
    assert "tarball" not in what


def test_an_entry_says_exactly_one_thing(tmp_path: Path) -> None:
    assert "needs exactly one of source, staged" in problems(
        tmp_path, GOOD.replace('staged = "bin/kestrel"', 'staged = "bin/kestrel", link = "x"')
    )
    assert "needs exactly one of source, staged" in problems(
        tmp_path, GOOD.replace(', staged = "bin/kestrel"', "")
    )


def test_relations_triggers_and_ghosts_are_checked(tmp_path: Path) -> None:
    what = problems(
        tmp_path,
        GOOD.replace(
            'description = "An agent."',
            'description = "An agent."\ndepends = ["libc6 (>= 2.31)", "kestrel-libs >= {version}"]\n'
            'triggers = [{ path = "usr", script = "x" }]',
        ),
    )
    assert "packages.kestrel.depends.0: 'libc6 (>= 2.31)' must be 'name' or 'name >= 1.2.0'" in what
    assert "packages.kestrel.triggers.0.path: 'usr' must be an absolute path" in what
    assert "depends.1" not in what
    what = problems(
        tmp_path,
        GOOD.replace(
            'description = "An agent."',
            'description = "An agent."\ntriggers = [{ path = "/usr", script = "x" }]',
        ).replace('bin/kestrel" }', 'bin/kestrel" }, { path = "/etc/k", source = "*.conf" }')
        + '[packages.kestrel.rpm]\ntriggers = ["interest /usr"]\n'
        + '[images.kestrel]\ncomponent = "userspace"\nbuild = "agent"\n'
        + 'contents = [{ path = "/var/state", ghost = true }]\n',
    )
    assert "packages.kestrel.triggers.0.script: there is no file x" in what
    assert "packages.kestrel.contents.1.source: there is no *.conf in the repository" in what
    assert "packages.kestrel.rpm.triggers: only a DEB has such lines" in what
    assert "images.kestrel.contents.0.ghost: an image has none" in what


def test_only_debs_and_rpms_have_debug_packages(tmp_path: Path) -> None:
    text = 'description = "An agent."\ndebug = true\nformats = ["tarball"]'
    assert "packages.kestrel.debug: debug packages are DEB and RPM" in problems(
        tmp_path, GOOD.replace('description = "An agent."', text)
    )


def test_a_text_of_the_wrong_kind_is_told_in_words(tmp_path: Path) -> None:
    what = problems(tmp_path, GOOD.replace("K <k@example.org>", "K").replace('"kestrel"', '"Kes trel"', 1))
    assert "project.maintainer: 'K' must be like 'Name <address@example.org>'" in what
    assert "project.name: 'Kes trel' must be lower-case letters" in what


def test_an_arch_that_nobody_knows_is_an_error(tmp_path: Path) -> None:
    what = problems(
        tmp_path, GOOD.replace('command = ["make"]', 'command = ["make"]\narchitectures = ["riscv64"]')
    )
    assert "builds.agent.architectures.0: 'riscv64' must be 'x86_64', 'aarch64' or 'noarch'" in what


def test_an_arch_that_nobody_builds_is_an_error(tmp_path: Path) -> None:
    what = problems(
        tmp_path,
        GOOD.replace('command = ["make"]', 'command = ["make"]\narchitectures = ["noarch"]').replace(
            'description = "An agent."', 'description = "An agent."\narchitectures = ["aarch64"]'
        )
        + '[images.kestrel]\ncomponent = "userspace"\nbuild = "agent"\n'
        + 'contents = [{ path = "/usr/bin/kestrel", staged = "bin/kestrel" }]\n',
    )
    assert "packages.kestrel.architectures: nobody builds aarch64; agent builds noarch" in what
    assert "images.kestrel.build: an image is for a machine, and agent builds noarch" in what


@pytest.mark.parametrize(
    ("text", "message"),
    [("[project", "is not TOML"), (b"\xff\xfe", "cannot read"), (None, r"there is no release\.toml in")],
)
def test_a_file_that_cannot_be_read_is_one_clear_error(
    tmp_path: Path, text: str | bytes | None, message: str
) -> None:
    path = tmp_path / "release.toml"
    if isinstance(text, bytes):
        path.write_bytes(text)
    elif text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load(tmp_path)


def test_the_schema_takes_and_refuses_what_we_do() -> None:
    check = fastjsonschema.compile({**json_schema(), "$schema": "http://json-schema.org/draft-07/schema#"})
    for product in ("kestrel", "sysdig"):
        check(tomllib.loads((ROOT / "examples" / product / "release.toml").read_text()))
    for old, new in MISTAKES.items():
        with pytest.raises(fastjsonschema.JsonSchemaException):
            check(tomllib.loads(GOOD.replace(old, new)))


@pytest.mark.parametrize(("old", "new"), MISTAKES.items())
def test_each_mistake_is_told_where_it_is(tmp_path: Path, old: str, new: str) -> None:
    what = problems(tmp_path, GOOD.replace(old, new))
    assert "release.toml has 1 problem:" in what


IMAGE = """
[images.kestrel]
component = "userspace"
{more}
"""


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ('build = "agent"', "images.kestrel.contents: an image needs some, or a dockerfile"),
        (
            'dockerfile = "Dockerfile"\narchitectures = ["x86_64"]',
            "images.kestrel.dockerfile: there is no file Dockerfile",
        ),
        (
            'dockerfile = "release.toml"',
            "images.kestrel.architectures: an image with a dockerfile names them",
        ),
        (
            'dockerfile = "release.toml"\narchitectures = ["x86_64"]\nbase = "debian:12"',
            "images.kestrel.base: an image with a dockerfile has none; its Dockerfile says what is in it",
        ),
        ('base = "no such name"', "'no such name' must be an image, such as docker.io/library/debian:12"),
    ],
)
def test_images_that_cannot_be_are_refused(tmp_path: Path, more: str, what: str) -> None:
    assert what in problems(tmp_path, GOOD + IMAGE.format(more=more))


def test_an_image_with_a_dockerfile_is_taken(tmp_path: Path) -> None:
    image = 'dockerfile = "release.toml"\narchitectures = ["aarch64"]'
    (tmp_path / "release.toml").write_text(GOOD + IMAGE.format(more=image))
    assert load(tmp_path).images["kestrel"].dockerfile == "release.toml"


@pytest.mark.parametrize(
    "registry", ["docker.io", "Docker.io/Example", "docker.io/example/", "ftp://a.example/b"]
)
def test_a_registry_is_a_host_and_what_stands_before_names(tmp_path: Path, registry: str) -> None:
    channel = f'[channels.dev]\nstore = "x"\nregistries = ["{registry}"]\n'
    assert "must be a registry and what stands before" in problems(tmp_path, GOOD + channel)


def test_channels_name_registries_and_the_tag_that_merges_move(tmp_path: Path) -> None:
    registries = '["docker.io/example", "public.ecr.aws/abc", "https://127.0.0.1:5000/a/b"]'
    channel = f'[channels.dev]\nstore = "x"\nregistries = {registries}\nmoving_tag = "master"\n'
    (tmp_path / "release.toml").write_text(GOOD + channel)
    assert len(load(tmp_path).channels["dev"].registries) == 3


def test_a_channel_may_be_a_bucket(tmp_path: Path) -> None:
    channel = (
        '[channels.stable]\nstore = "s3://my.bucket-1/a/b"\nurl = "https://example.org/p"\n'
        'endpoint = "http://127.0.0.1:9000"\nregion = "auto"\ncloudfront = "E2ABC"\n'
    )
    (tmp_path / "release.toml").write_text(GOOD + channel)
    assert load(tmp_path).channels["stable"].store == "s3://my.bucket-1/a/b"


@pytest.mark.parametrize(
    "store", ["gs://bucket", "s3://", "s3:///prefix", "s3://Bucket/x", "https://x/y", ""]
)
def test_a_store_is_a_directory_or_a_bucket(tmp_path: Path, store: str) -> None:
    text = f'{GOOD}[channels.stable]\nstore = "{store}"\nurl = "https://example.org"\n'
    assert "channels.stable.store: " in problems(tmp_path, text)


def test_what_a_bucket_needs_and_a_directory_has_no_use_for(tmp_path: Path) -> None:
    text = (
        f'{GOOD}[channels.stable]\nstore = "s3://bucket"\n'
        '[channels.dev]\nstore = "site"\nregion = "x"\ncloudfront = "E2ABC"\n'
    )
    what = problems(tmp_path, text)
    assert "channels.stable.url: a bucket needs the address under which users reach it" in what
    for key in ("region", "cloudfront"):
        assert f"channels.dev.{key}: has a meaning for a store in a bucket" in what


def test_components_that_cannot_be_told_apart_or_found_are_named(tmp_path: Path) -> None:
    what = problems(
        tmp_path,
        GOOD
        + '[components.driver]\npaths = ["drivers", "driver/*.c", ":(exclude)x"]\n'
        + '[components.libs]\nrepository = "../libs"\n'
        + '[components.agent]\ntag = "agent/{version}"\nbranch = "release/x"\n',
    )
    assert "components.agent.branch: 'release/x' must be text that holds {line} exactly once" in what
    what = problems(
        tmp_path,
        GOOD
        + '[components.driver]\npaths = ["drivers", "driver/*.c", ":(exclude)x"]\n'
        + '[components.libs]\nrepository = "../libs"\n',
    )
    assert "components: 2 of them have the tags '{version}', so their versions cannot be told apart" in what
    assert "components.driver.paths.0: there is nothing at drivers" in what
    assert "components.libs.repository: there is no directory ../libs" in what
    assert "paths.1" not in what
    assert "paths.2" not in what


def test_files_of_a_component_are_looked_for_in_its_own_repository(tmp_path: Path) -> None:
    product, libs = tmp_path / "product", tmp_path / "libs"
    product.mkdir()
    (libs / "driver").mkdir(parents=True)
    (libs / "driver" / "API_VERSION").write_text("1.0.0\n")
    text = (
        GOOD
        + '[components.driver]\nrepository = "../libs"\nbump = "contract"\npaths = ["driver"]\n'
        + 'tag = "{version}+driver"\ncontract = ["driver/API_VERSION"]\n'
        + '[builds.driver]\ncomponent = "driver"\ncommand = ["make"]\n'
        + '[packages.kestrel-driver]\ncomponent = "driver"\nbuild = "driver"\ndescription = "A driver."\n'
        + 'contents = [{ path = "/usr/src/API_VERSION", source = "driver/API_VERSION" }]\n'
    )
    (product / "release.toml").write_text(text)
    assert load(product).components["driver"].repository == "../libs"
    (libs / "driver" / "API_VERSION").unlink()
    what = problems(product, text)
    assert "packages.kestrel-driver.contents.0.source: there is no driver/API_VERSION" in what


def test_a_text_can_be_parsed_without_its_files() -> None:
    assert set(parse(GOOD, origin="an earlier commit").components) == {"userspace"}
    with pytest.raises(ConfigError, match="an earlier commit is not TOML"):
        parse("[", origin="an earlier commit")
    with pytest.raises(ConfigError, match="an earlier commit has 1 problem"):
        parse(GOOD.replace('build = "agent"', 'build = "agnet"'), origin="an earlier commit")
