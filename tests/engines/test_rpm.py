"""Packages of this project in the hands of rpm, rpmlint and rpm2cpio."""

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from jesses.base.payload import STANDARD_DIRECTORIES, Directory, Entry, File, Payload, Symlink
from jesses.signing.openpgp import KEY_VARIABLE, from_environment
from tests.engines.engines import DEBUGGER, GPG, RPM_ROOT, RPMLINT, require, run
from tests.engines.rpm_packages import PAYLOAD, agent, build, driver, signer
from tests.engines.rpm_root import RpmRoot

STRICT = ("--define", "_pkgverify_level all")
KINDS = {File: stat.S_IFREG, Directory: stat.S_IFDIR, Symlink: stat.S_IFLNK}


@pytest.fixture
def root(rpm_root: Callable[[], RpmRoot]) -> RpmRoot:
    return rpm_root()


def trust(root: RpmRoot, directory: Path) -> None:
    key = directory / "kestrel.asc"
    key.write_bytes(signer().public_key)
    root.rpm("--import", key)


def on_disk(entry: Entry, path: Path) -> None:
    """Fails unless `path` is what `entry` says."""
    status = path.lstat()
    assert stat.S_IFMT(status.st_mode) == KINDS[type(entry)], path
    match entry:
        case File():
            assert path.read_bytes() == entry.source
        case Symlink():
            assert str(path.readlink()) == entry.target
        case Directory():
            pass
    if not isinstance(entry, Symlink):
        assert stat.S_IMODE(status.st_mode) == entry.mode, path


def test_an_unsigned_package_has_sound_digests(root: RpmRoot, tmp_path: Path) -> None:
    path = build(agent(), tmp_path / "dist").path
    assert root.rpm("-K", path).stdout == f"{path}: digests OK\n"


def test_a_signed_package_satisfies_the_strictest_level(root: RpmRoot, tmp_path: Path) -> None:
    path = build(agent(), tmp_path / "dist", key=signer()).path
    unknown = root.rpm("-K", path, check=False)
    assert unknown.returncode != 0
    assert "SIGNATURES NOT OK" in unknown.stdout
    trust(root, tmp_path)
    assert root.rpm(*STRICT, "-K", path).stdout == f"{path}: digests signatures OK\n"
    lines = {line.strip() for line in root.rpm(*STRICT, "-Kv", path).stdout.splitlines()[1:]}
    key_id = signer().fingerprint[-8:].lower()
    assert lines == {
        f"Header V4 RSA/SHA512 Signature, key ID {key_id}: OK",
        "Header SHA256 digest: OK",
        "Header SHA1 digest: OK",
        "Payload SHA256 digest: OK",
    }


def test_one_changed_byte_anywhere_is_refused(root: RpmRoot, tmp_path: Path) -> None:
    path = build(agent(), tmp_path / "dist", key=signer()).path
    trust(root, tmp_path)
    data = path.read_bytes()
    summary = data.index(b"Watches what")
    for at in (summary, len(data) // 2, len(data) - 100):
        changed = bytearray(data)
        changed[at] ^= 1
        path.write_bytes(changed)
        answer = root.rpm(*STRICT, "-K", path, check=False)
        assert answer.returncode != 0, at
        assert "NOT OK" in answer.stdout, at


def test_rpm_tells_what_was_put_in(root: RpmRoot, tmp_path: Path) -> None:
    path = build(agent(), tmp_path / "dist").path

    def query(*args: str) -> str:
        return root.rpm("-qp", *args, path).stdout

    assert query("--queryformat", "%{NEVRA} %{OS} %{SOURCERPM} %{BUILDTIME} %{SIGPGP:pgpsig}") == (
        "kestrel-1.0.0-1.x86_64 linux kestrel-1.0.0-1.src.rpm 1700000000 (none)"
    )
    assert query("--queryformat", "%{SUMMARY}|%{DESCRIPTION}|%{LICENSE}|%{URL}|%{VENDOR}|%{PACKAGER}") == (
        "Watches what happens on a machine|Kestrel reads the events of its kernel module & tells them.\n\n"
        "Nothing <else>.|Apache-2.0|https://kestrel.example.org/|Kestrel|"
        "Kestrel Maintainers <kestrel@example.org>"
    )
    assert query("-c").split() == ["/etc/kestrel/kestrel.conf"]
    assert query("-d").split() == ["/usr/share/doc/kestrel/README"]
    assert query("-L").split() == ["/usr/share/licenses/kestrel/LICENSE"]
    assert set(query("--requires").splitlines()) == {
        "/bin/sh",
        "config(kestrel) = 1.0.0-1",
        "coreutils",
        "rpmlib(CompressedFileNames) <= 3.0.4-1",
        "rpmlib(FileDigests) <= 4.6.0-1",
        "rpmlib(PayloadFilesHavePrefix) <= 4.0-1",
    }
    assert query("--recommends") == "kestrel-doc >= 1.0\n"
    assert query("--obsoletes") == "old < 1\n"
    assert query("--provides").splitlines() == [
        "config(kestrel) = 1.0.0-1",
        "kestrel = 1.0.0-1",
        "kestrel(x86-64) = 1.0.0-1",
    ]
    assert "Release 1.0.0" in query("--changelog")
    assert "<rpmTag name=" in query("--xml")
    assert query("--scripts").count("scriptlet (using /bin/sh)") == len(agent().scripts) == 3


def test_what_rpm_installs_is_the_payload(root: RpmRoot, tmp_path: Path) -> None:
    path = build(agent(), tmp_path / "dist", key=signer()).path
    trust(root, tmp_path)
    root.dnf("install", "coreutils", "bash", "setup")
    before = root.files()
    root.rpm(*STRICT, "-i", path)
    for entry in PAYLOAD:
        on_disk(entry, root.root.inside(entry.path))
    assert root.rpm("-V", "kestrel").stdout == ""
    assert root.rpm("-qf", "/usr/lib/kestrel/rules").stdout == "kestrel-1.0.0-1.x86_64\n"
    root.rpm("-e", "kestrel")
    # The base packages own few of the directories that a distribution's own do.
    assert root.files() - before <= STANDARD_DIRECTORIES


def test_rpm_sees_what_was_changed_after_installation(root: RpmRoot, tmp_path: Path) -> None:
    root.dnf("install", "coreutils", "bash", "setup")
    root.rpm("-i", build(agent(), tmp_path / "dist").path)
    root.root.write("/usr/lib/kestrel/rules", "changed\n")
    answer = root.rpm("-V", "kestrel", check=False)
    assert answer.returncode != 0
    assert "S.5" in answer.stdout
    assert "/usr/lib/kestrel/rules" in answer.stdout


def test_rpm2cpio_unpacks_the_payload(tmp_path: Path) -> None:
    require(RPM_ROOT)
    odd = (
        File(path="/opt/k/name with blanks é", source=b"x"),
        File(path="/opt/k/empty", source=b"", mode=0o600),
        Directory(path="/opt/k/nothing here", mode=0o700),
        Symlink(path="/opt/k/dangling", target="../../no where"),
    )
    package = replace(agent(), payload=Payload.of((*PAYLOAD, *odd)))
    path = build(package, tmp_path / "dist").path
    target = tmp_path / "unpacked"
    target.mkdir()
    run("sh", "-ec", 'rpm2cpio "$0" | cpio --extract --make-directories --quiet', path, cwd=target)
    for entry in package.payload:
        on_disk(entry, target / entry.path.lstrip("/"))
    unpacked = {f"/{found.relative_to(target)}" for found in target.rglob("*")}
    assert unpacked == {entry.path for entry in package.payload.with_parents()}


def test_rpmlint_finds_no_error(tmp_path: Path) -> None:
    require(RPMLINT)
    true = File(path="/usr/bin/kestrel", source=Path("/usr/bin/true"), mode=0o755)
    usual = [entry for entry in PAYLOAD if entry.mode in {0o644, 0o755, 0o777} and entry.path != true.path]
    packages = agent(payload=Payload.of([*usual, true])), driver()
    paths = [build(package, tmp_path / "dist", key=signer()).path for package in packages]
    # rpmlint asks the machine's rpm, and that keeps the keys it knows in the home directory.
    home = {**os.environ, "HOME": str(tmp_path)}
    (tmp_path / "kestrel.asc").write_bytes(signer().public_key)
    run("rpmkeys", "--import", tmp_path / "kestrel.asc", env=home)
    answer = run("rpmlint", *paths, env=home, check=False)
    assert "2 packages and 0 specfiles checked; 0 errors" in answer.stdout, answer.stdout


def test_rpmlint_complains_of_the_debug_files_of_binutils_too(tmp_path: Path) -> None:
    """Why `rpmlint.toml` overrides this one check: no file with only debug information can pass it."""
    require(RPMLINT)
    require(DEBUGGER)
    path = "/usr/lib/debug/.build-id/12/3456.debug"
    run("objcopy", "--only-keep-debug", "/usr/bin/true", tmp_path / "true.debug")
    debug = agent(payload=Payload.of([File(path=path, source=tmp_path / "true.debug")]))
    made = build(debug, tmp_path / "dist").path
    answer = run("rpmlint", made, env={**os.environ, "HOME": str(tmp_path)}, check=False)
    errors = [line.split(": E: ", 1)[1].split() for line in answer.stdout.splitlines() if ": E: " in line]
    assert ["shared-library-without-dependency-information", path] in errors, answer.stdout


def test_services_follow_the_presets_of_the_system(root: RpmRoot, tmp_path: Path) -> None:
    root.dnf("install", "coreutils", "bash", "setup", "systemd")
    root.root.write("/etc/systemd/system-preset/00-kestrel.preset", "enable kestrel.service\n")
    enabled = root.root.inside("/etc/systemd/system/multi-user.target.wants/kestrel.service")
    root.rpm("-i", build(agent("1.0.0"), tmp_path / "dist").path)
    assert enabled.is_symlink()
    root.root.run("systemctl", "disable", "kestrel.service")
    root.rpm("-U", build(agent("2.0.0"), tmp_path / "dist").path)
    assert not enabled.is_symlink(), "what an administrator disabled stays so on upgrade"
    root.root.run("systemctl", "enable", "kestrel.service")
    root.rpm("-e", "kestrel")
    assert not enabled.is_symlink()


def test_services_are_off_where_no_preset_names_them(root: RpmRoot, tmp_path: Path) -> None:
    root.dnf("install", "coreutils", "bash", "setup", "systemd")
    root.rpm("-i", build(agent(), tmp_path / "dist").path)
    assert not root.root.inside("/etc/systemd/system/multi-user.target.wants/kestrel.service").is_symlink()


def test_dkms_knows_the_driver_that_is_installed_and_no_other(root: RpmRoot, tmp_path: Path) -> None:
    def registered() -> set[str]:
        tree = root.root.inside("/var/lib/dkms/kestrel")
        return {path.name for path in tree.iterdir()} if tree.is_dir() else set()

    root.dnf("install", "dkms", "bash", "coreutils")
    before = root.files()
    old, new = (build(driver(version), tmp_path / "dist").path for version in ("1.0.0", "1.1.0"))
    installed = root.rpm("-i", old)
    assert registered() == {"1.0.0"}
    assert "dkms install -m kestrel -v 1.0.0" in installed.stderr + installed.stdout
    root.rpm("-U", "--replacepkgs", old)
    assert registered() == {"1.0.0"}
    root.rpm("-U", new)
    assert registered() == {"1.1.0"}
    root.rpm("-U", "--oldpackage", old)
    assert registered() == {"1.0.0"}
    root.rpm("-e", "kestrel-dkms")
    assert registered() == set()
    assert root.files() == before


def test_a_file_of_more_than_four_gigabytes_is_taken_whole(root: RpmRoot, tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as out:
        out.seek(4 << 30)
        out.write(b"the end")
    payload = Payload.of(
        (File(path="/opt/k/large", source=large), File(path="/opt/k/small", source=b"small", mode=0o600))
    )
    path = build(replace(agent(), payload=payload, scripts={}), tmp_path / "dist", key=signer()).path
    trust(root, tmp_path)
    assert root.rpm("-qp", "--queryformat", "[%{LONGFILESIZES} ]%{LONGSIZE}", path).stdout == (
        f"{(4 << 30) + 7} 5 {(4 << 30) + 12}"
    )
    root.dnf("install", "coreutils", "bash", "setup")
    root.rpm(*STRICT, "-i", path)
    installed = root.root.inside("/opt/k/large")
    assert installed.stat().st_size == (4 << 30) + 7
    with installed.open("rb") as stream:
        stream.seek(-7, os.SEEK_END)
        assert stream.read() == b"the end"
    assert root.root.inside("/opt/k/small").read_bytes() == b"small"


def test_rpm_accepts_a_signature_by_an_ed25519_key(root: RpmRoot, tmp_path: Path) -> None:
    require(GPG)
    home = {**os.environ, "GNUPGHOME": str(tmp_path / "gnupg")}
    (tmp_path / "gnupg").mkdir(mode=0o700)
    gpg = ("gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "")
    run(*gpg, "--quick-generate-key", "Kestrel <kestrel@example.org>", "ed25519", "sign", "never", env=home)
    secret = run(*gpg, "--armor", "--export-secret-keys", env=home).stdout
    run("gpgconf", "--kill", "all", env=home)
    key = from_environment({KEY_VARIABLE: secret})
    assert key is not None
    path = build(agent(), tmp_path / "dist", key=key).path
    (tmp_path / "kestrel.asc").write_bytes(key.public_key)
    root.rpm("--import", tmp_path / "kestrel.asc")
    assert root.rpm(*STRICT, "-K", path).stdout == f"{path}: digests signatures OK\n"
    assert "V4 EdDSA/SHA512 Signature" in root.rpm(*STRICT, "-Kv", path).stdout
