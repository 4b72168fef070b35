"""A small RPM distribution made of Debian's binaries, for machines that reach no RPM distribution.

Each package has the name and the capabilities that RPM packages require (`/bin/sh`, `coreutils`, `systemd`,
`dkms`, ...), and holds files of Debian packages from the sources of this machine. What rpmbuild finds
in the ELF files, the libraries they need and provide, is required and provided too: so dnf itself shows that
nothing is missing, and scriptlets run with the real shell and tools.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.engines.cache import cached
from tests.engines.deb_root import new_deb_root
from tests.engines.engines import run


@dataclass(frozen=True, kw_only=True)
class BasePackage:
    """An RPM package made of the files of Debian packages whose path matches `keep`."""

    name: str
    debs: tuple[str, ...] = ()
    keep: str = r".*"
    provides: tuple[str, ...] = ()
    requires: tuple[str, ...] = ("filesystem",)


# In an RPM distribution these are links into /usr, and so the files of Debian packages are put there.
LINKS = ("bin", "sbin", "lib", "lib64")
DIRECTORIES = (
    *(
        "/dev",
        "/etc/systemd/system",
        "/proc",
        "/root",
        "/run",
        "/sys",
        "/tmp",
        "/usr/src",
        "/var/log",
        "/var/tmp",
    ),
    *(f"/usr/{link}" for link in LINKS),
)
PROGRAMS = r"usr/s?bin/.*"

PACKAGES = (
    BasePackage(name="filesystem", requires=()),
    BasePackage(name="setup", debs=("base-passwd",), keep=r"etc/.*"),
    BasePackage(
        name="glibc",
        debs=("libc6",),
        keep=r"usr/lib.*/(ld-|lib(c|m|dl|pthread|rt|resolv|util|anl|nss_\w+)\.so).*",
        provides=("rtld(GNU_HASH)",),
    ),
    BasePackage(
        name="system-libraries",
        debs=(
            *("libacl1", "libapparmor1", "libattr1", "libaudit1", "libblkid1", "libbz2-1.0", "libcap-ng0"),
            *("libcap2", "libcrypt1", "libgcrypt20", "libgmp10", "libgpg-error0", "libip4tc2", "libkmod2"),
            *("liblz4-1", "liblzma5", "libmount1", "libpam0g", "libpcre2-8-0", "libseccomp2"),
            *("libselinux1", "libssl3", "libtinfo6", "libzstd1"),
        ),
        keep=r"usr/lib/.*\.so\..*",
    ),
    BasePackage(
        name="bash",
        debs=("bash",),
        keep=r"usr/bin/(ba)?sh",
        provides=("/bin/sh", "/usr/bin/sh", "/bin/bash"),
    ),
    BasePackage(name="coreutils", debs=("coreutils",), keep=PROGRAMS),
    BasePackage(name="sed", debs=("sed",), keep=PROGRAMS, provides=("/bin/sed",)),
    BasePackage(name="grep", debs=("grep",), keep=PROGRAMS, provides=("/bin/grep",)),
    BasePackage(name="gawk", debs=("mawk",), keep=PROGRAMS),
    BasePackage(name="findutils", debs=("findutils",), keep=PROGRAMS),
    BasePackage(name="tar", debs=("tar",), keep=PROGRAMS),
    BasePackage(name="gzip", debs=("gzip",), keep=PROGRAMS),
    BasePackage(name="kmod", debs=("kmod",), keep=PROGRAMS, provides=("/sbin/depmod", "/sbin/modprobe")),
    BasePackage(
        name="systemd",
        debs=("systemd", "libsystemd-shared"),
        keep=r"(usr/bin/system(ctl|d-sysusers|d-tmpfiles|d-escape)|usr/lib/.*/libsystemd-.*"
        r"|usr/lib/systemd/(system/[^/]*|system-preset/.*)|usr/lib/(sysusers|tmpfiles)\.d/.*)",
        provides=("systemd-units", "systemd-sysusers"),
        requires=("filesystem", "setup"),
    ),
    # Without the compiler and the kernel headers that a distribution's package would also require.
    BasePackage(
        name="dkms",
        debs=("dkms",),
        keep=r"(usr/sbin/dkms|etc/dkms/.*|usr/lib/dkms/common\.postinst|var/lib/dkms/.*)",
        requires=("coreutils", "findutils", "gawk", "grep", "gzip", "kmod", "sed", "setup", "tar"),
    ),
)

# Debian names these by links that its maintainer scripts make, or not at all.
EXTRA_LINKS = {"bash": ("usr/bin/sh", "bash"), "gawk": ("usr/bin/awk", "mawk")}
EXTRA_FILES = {
    "setup": {
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n",
        "etc/group": "root:x:0:\nnobody:x:65534:\n",
    },
    # A service of a package is off until somebody enables it, as in RPM distributions.
    "systemd": {"usr/lib/systemd/system-preset/99-default-disable.preset": "disable *\n"},
    "dkms": {"var/lib/dkms/dkms_dbversion": "2.0.0\n"},
}

MACROS = {
    "_binary_payload": "w1.gzdio",
    "_build_id_links": "none",
    "__os_install_post": "%{nil}",
    "debug_package": "%{nil}",
}


def rpm_base_repository() -> Path:
    """The repository of this machine's architecture: cached, read it, never write to it."""
    return cached("rpm-base", (), _make)


def _make(target: Path) -> None:
    work = target / "work"
    work.mkdir()
    with new_deb_root("plain") as deb:
        deb.use_host_sources()
        deb.apt_get("download", *(name for package in PACKAGES for name in package.debs))
        for package in PACKAGES:
            _stage(package, deb.root.path, work / package.name)
    spec = work / "base.spec"
    spec.write_text(_spec(work), encoding="utf-8")
    macros = {**MACROS, "_topdir": work, "_rpmdir": target, "_dbpath": work / "db"}
    defines = [f"--define={name} {value}" for name, value in macros.items()]
    run("rpmbuild", "-bb", "--quiet", *defines, f"--buildroot={work}/buildroot", spec, cwd=work)
    run("rm", "-rf", work)
    run("createrepo_c", "--no-database", target)


def _stage(package: BasePackage, downloads: Path, stage: Path) -> None:
    """Fills `stage` with the files of the package, at their places in a root with a merged /usr."""
    for link in LINKS:
        (stage / "usr" / link).mkdir(parents=True)
        (stage / link).symlink_to(f"usr/{link}")
    unpack = 'dpkg-deb --fsys-tarfile "$0" | tar -x --keep-directory-symlink --no-same-owner -C "$1"'
    for deb in package.debs:
        (file,) = downloads.glob(f"{deb}_*.deb")
        run("sh", "-ec", unpack, file, stage)
    for link in LINKS:
        (stage / link).unlink()
    for path in _files(stage):
        if not re.fullmatch(package.keep, str(path.relative_to(stage))):
            path.unlink()
    if package.name in EXTRA_LINKS:
        link, destination = EXTRA_LINKS[package.name]
        (stage / link).symlink_to(destination)
    for name, text in EXTRA_FILES.get(package.name, {}).items():
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        (stage / name).write_text(text, encoding="utf-8")
        (stage / name).chmod(0o644)


def _files(stage: Path) -> list[Path]:
    return sorted(path for path in stage.rglob("*") if path.is_symlink() or not path.is_dir())


def _spec(work: Path) -> str:
    """One source package whose subpackages are the base packages."""
    parts = [
        "Name: base\nVersion: 1\nRelease: 1\nSummary: Debian's binaries under RPM names\n"
        "License: see the Debian packages\n%description\n%{summary}.\n"
        f"%install\nfor name in {' '.join(package.name for package in PACKAGES)}; do\n"
        f'  mkdir -p %{{buildroot}} && cp -a "{work}/$name/." %{{buildroot}}/\ndone\n'
        f"mkdir -p {' '.join('%{buildroot}' + path for path in DIRECTORIES)}\n"
        + "".join(f"ln -s usr/{link} %{{buildroot}}/{link}\n" for link in LINKS)
    ]
    for package in PACKAGES:
        lines = [f"%package -n {package.name}", "Summary: %{summary} of base"]
        lines += [f"Provides: {name}" for name in package.provides]
        lines += [f"Requires: {name}" for name in package.requires]
        lines += [f"%description -n {package.name}", "%{summary}.", f"%files -n {package.name}"]
        lines += ["%defattr(-,root,root,-)", *_listed(package, work / package.name)]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _listed(package: BasePackage, stage: Path) -> list[str]:
    if package.name == "filesystem":
        modes = {path: "1777" if path.endswith("/tmp") else "0755" for path in DIRECTORIES}
        return [*(f"%dir %attr({modes[path]},-,-) {path}" for path in modes), *(f"/{link}" for link in LINKS)]
    return [f'"/{path.relative_to(stage)}"' for path in _files(stage)]
