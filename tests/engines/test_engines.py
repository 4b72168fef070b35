"""Small proofs that each engine really works, before anything of ours meets it."""

import hashlib
import io
import json
import os
import tarfile
import textwrap
from collections.abc import Callable
from pathlib import Path

import docker
import pytest
import requests

from tests.engines.chroot import Root
from tests.engines.deb_root import Base, DebRoot
from tests.engines.engines import EMULATOR, KERNEL_COMPILERS, Engine, compiler, require, run
from tests.engines.rpm_root import RpmRoot


def tiny_deb(directory: Path) -> Path:
    control = directory / "tiny" / "DEBIAN"
    control.mkdir(parents=True)
    (control / "control").write_text(
        textwrap.dedent(
            """\
            Package: tiny
            Version: 1.0
            Architecture: all
            Maintainer: Tests <tests@example.invalid>
            Description: nothing at all
            """
        )
    )
    script = control / "postinst"
    script.write_text("#!/bin/sh\nset -e\ntouch /var/lib/tiny-was-configured\n")
    script.chmod(0o755)
    run("dpkg-deb", "--root-owner-group", "--build", control.parent, directory / "tiny.deb")
    return directory / "tiny.deb"


@pytest.mark.parametrize("base", ["plain", "systemd", "dkms"])
def test_a_debian_root_installs_a_package(
    base: Base, deb_root: Callable[[Base], DebRoot], tmp_path: Path
) -> None:
    deb = deb_root(base)
    deb.install_files(tiny_deb(tmp_path))
    assert deb.status("tiny") == "installed"
    assert deb.root.inside("/var/lib/tiny-was-configured").exists()
    assert deb.root.inside("/usr/bin/systemctl").exists() == (base != "plain")
    assert deb.root.inside("/usr/sbin/dkms").exists() == (base == "dkms")


def test_a_debian_root_reaches_the_sources_of_the_machine(deb_root: Callable[[Base], DebRoot]) -> None:
    deb = deb_root("plain")
    assert deb.apt_get("install", "hello", check=False).returncode != 0
    deb.use_host_sources()
    deb.apt_get("install", "hello")
    assert "Hello, world!" in deb.root.run("hello").stdout


def hello_program(directory: Path, arch: str) -> Path:
    """A static program of 30 bytes of logic, so that no C library is needed."""
    write, leave = {"x86_64": (1, 60), "aarch64": (64, 93)}[arch]
    source = directory / "hello.c"
    source.write_text(
        textwrap.dedent(
            r"""
            static long call(long n, long a, long b, long c)
            {
            #if defined(__x86_64__)
                long r;
                __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
                return r;
            #else
                register long x8 __asm__("x8") = n, x0 __asm__("x0") = a;
                register long x1 __asm__("x1") = b, x2 __asm__("x2") = c;
                __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
                return x0;
            #endif
            }
            void _start(void) { call(WRITE, 1, (long)"hello\n", 6); call(EXIT, 0, 0, 0); }
            """
        )
    )
    flags = ("-Os", "-static", "-nostdlib", f"-DWRITE={write}", f"-DEXIT={leave}")
    run(compiler(arch), *flags, source, "-o", directory / "hello")
    return directory / "hello"


def image_archive(program: Path, tag: str, architecture: str) -> bytes:
    """A docker-archive with one layer that holds one program."""
    layer = tarball({"hello": program.read_bytes()})
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Entrypoint": ["/hello"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [tag], "Layers": ["layer.tar"]}]
    return tarball(
        {
            "config.json": json.dumps(config).encode(),
            "manifest.json": json.dumps(manifest).encode(),
            "layer.tar": layer,
        }
    )


def tarball(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize(("arch", "architecture"), [("x86_64", "amd64"), ("aarch64", "arm64")])
def test_the_docker_engine_runs_programs_of_both_architectures(
    arch: str, architecture: str, docker_engine: docker.DockerClient, tmp_path: Path
) -> None:
    require(KERNEL_COMPILERS)
    if arch != os.uname().machine:
        require(EMULATOR)
    tag = f"engines/hello:{arch}"
    docker_engine.images.load(image_archive(hello_program(tmp_path, arch), tag, architecture))
    assert docker_engine.images.get(tag).attrs["Architecture"] == architecture
    output = docker_engine.containers.run(
        tag, network_mode="none", remove=True, platform=f"linux/{architecture}"
    )
    assert output == b"hello\n"


def test_the_docker_engine_pushes_to_the_registry(
    docker_engine: docker.DockerClient, registry: str, tmp_path: Path
) -> None:
    require(KERNEL_COMPILERS)
    arch = os.uname().machine
    tag = f"{registry}/engines/hello:1.0"
    docker_engine.images.load(image_archive(hello_program(tmp_path, arch), tag, "amd64"))
    docker_engine.images.push(tag)
    tags = requests.get(f"http://{registry}/v2/engines/hello/tags/list", timeout=10).json()
    assert tags == {"name": "engines/hello", "tags": ["1.0"]}


TINY_SPEC = """\
Name: tiny
Version: 1.0
Release: 1
Summary: nothing at all
License: Apache-2.0
BuildArch: noarch
Requires(post): /bin/sh, coreutils, systemd
%description
%{summary}.
%install
mkdir -p %{buildroot}/usr/lib/systemd/system
printf '[Service]\\nExecStart=/bin/true\\n[Install]\\nWantedBy=multi-user.target\\n' \\
  > %{buildroot}/usr/lib/systemd/system/tiny.service
%post
echo "installed $1" > /var/tmp/tiny-was-here
systemctl daemon-reload
systemctl enable tiny.service
%preun
systemctl disable tiny.service
rm /var/tmp/tiny-was-here
%files
/usr/lib/systemd/system/tiny.service
"""


def tiny_rpm_repository(directory: Path) -> Path:
    repository = directory / "repository"
    spec = directory / "tiny.spec"
    spec.write_text(TINY_SPEC)
    defines = {"_topdir": directory, "_rpmdir": repository, "_dbpath": directory / "db"}
    run("rpmbuild", "-bb", *(f"--define={name} {value}" for name, value in defines.items()), spec)
    run("createrepo_c", "--no-database", repository)
    return repository


def test_dnf_installs_into_an_rpm_root_and_scriptlets_run(
    rpm_root: Callable[[], RpmRoot], http_site: Callable[[Path], str], tmp_path: Path
) -> None:
    rpm = rpm_root()
    url = http_site(tiny_rpm_repository(tmp_path))
    rpm.add_repository("tiny", f"[tiny]\nname=tiny\nbaseurl={url}\ngpgcheck=0\nrepo_gpgcheck=0\n")
    rpm.dnf("install", "systemd", "coreutils", "bash")
    before = rpm.files()

    rpm.dnf("install", "tiny")
    assert rpm.rpm("-q", "tiny").stdout == "tiny-1.0-1.noarch\n"
    assert rpm.root.inside("/var/tmp/tiny-was-here").read_text() == "installed 1\n"
    assert rpm.root.run("systemctl", "is-enabled", "tiny.service").stdout == "enabled\n"

    rpm.dnf("remove", "tiny")
    assert rpm.files() == before


def test_an_unsigned_package_is_refused_unless_the_repository_says_so(
    rpm_root: Callable[[], RpmRoot], tmp_path: Path
) -> None:
    rpm = rpm_root()
    url = tiny_rpm_repository(tmp_path).as_uri()
    rpm.add_repository("tiny", f"[tiny]\nname=tiny\nbaseurl={url}\nrepo_gpgcheck=0\n")
    refused = rpm.dnf("install", "tiny", check=False)
    assert refused.returncode != 0
    assert "checking of packages via GPG keys" in refused.stderr


def test_dkms_in_an_rpm_root_adds_and_removes(rpm_root: Callable[[], RpmRoot]) -> None:
    rpm = rpm_root()
    rpm.dnf("install", "dkms")
    module = "PACKAGE_NAME=tiny\nPACKAGE_VERSION=1.0\nBUILT_MODULE_NAME=tiny\nDEST_MODULE_LOCATION=/extra\n"
    rpm.root.write("/usr/src/tiny-1.0/dkms.conf", module)
    rpm.root.run("dkms", "add", "tiny/1.0")
    assert rpm.root.run("dkms", "status").stdout == "tiny/1.0: added\n"
    rpm.root.run("dkms", "remove", "tiny/1.0", "--all")
    assert rpm.root.run("dkms", "status").stdout == ""


def test_a_bare_root_has_python_and_git_and_no_pip(bare_root: Root) -> None:
    assert bare_root.run("git", "--version").stdout.startswith("git version 2.")
    version = bare_root.run("python3", "-c", "import sys; print(sys.version_info >= (3, 11))")
    assert version.stdout == "True\n"
    for absent in ("pip", "ensurepip"):
        assert f"No module named {absent}" in bare_root.run("python3", "-m", absent, check=False).stderr


def test_without_an_engine_a_test_is_skipped_and_in_ci_it_fails() -> None:
    absent = Engine(name="absent", commands=("no-such-command",))
    with pytest.raises(pytest.skip.Exception, match="absent: no no-such-command here"):
        require(absent, environment={})
    with pytest.raises(pytest.fail.Exception, match="absent: no no-such-command here"):
        require(absent, environment={"CI": "true"})
