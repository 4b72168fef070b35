"""Make a Debian base image for both architectures from Debian's packages, as an OCI layout.

    python -m ci.base_image DIRECTORY [PACKAGE...]

Needs root and mmdebstrap, and an emulator for the other architecture (ci/provision installs them). The packages
come from where this machine's own apt gets them; nothing of that is left in the image. The same packages
give the same bytes; `SOURCE_DATE_EPOCH` is the date in it (1970 without).
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from semver import Version

from jesses.base.naming.arch import DEBIAN, MACHINES, OCI, Arch
from jesses.base.parallel import ordered_map
from jesses.base.payload import Payload
from jesses.image import docker_save
from jesses.image.base import Base
from jesses.image.config_file import ConfigFile, RootFs
from jesses.image.model import About, Image, ImageConfig
from jesses.image.oci_layout import ImageLayout
from jesses.image.write import write_layout
from jesses.package.compression import Packer
from tests.engines.deb_root import host_sources, host_transport
from tests.engines.engines import run

# What depends on this machine or on the time.
_LEAVE_OUT = (
    *("etc/apt/sources.list", "etc/apt/sources.list.d/*", "etc/apt/apt.conf.d/99mmdebstrap"),
    *("etc/hostname", "etc/resolv.conf", "var/cache/ldconfig/aux-cache", "var/log/*.log", "var/log/apt/*"),
)


def make(
    directory: Path, packages: Sequence[str] = (), *, archs: Sequence[Arch] = MACHINES, variant: str = "apt"
) -> ImageLayout:
    """The image in `directory`, made here, with `packages` beside those of mmdebstrap's `variant`."""
    date = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    with (
        tempfile.TemporaryDirectory(prefix="base-image-") as scratch,
        Packer(Path(scratch) / "deflated") as packer,
    ):
        made = ordered_map(lambda arch: _base(arch, packages, variant, Path(scratch), date, packer), archs)
        bases = dict(zip(archs, made, strict=True))
        images = [
            Image(
                large=4 << 20,
                name="debian",
                version=Version(int(_version().partition(".")[0])),
                arch=arch,
                date=date,
                payload=Payload.of(()),
                config=ImageConfig(
                    cmd=("bash",), env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"}
                ),
                about=About(title="debian", description="Made from Debian's packages"),
                base=base,
            )
            for arch, base in bases.items()
        ]
        return write_layout(images, directory, packer)


def _base(
    arch: Arch, packages: Sequence[str], variant: str, scratch: Path, date: int, packer: Packer
) -> Base:
    tar = scratch / f"{arch}.tar"
    sources = scratch / f"{arch}.list"
    sources.write_text(host_sources(), encoding="utf-8")
    # Where packages are unpacked alone, no later hook runs.
    hook = "extract-hook" if variant == "extract" else "customize-hook"
    run(
        *(
            "mmdebstrap",
            f"--variant={variant}",
            "--mode=root",
            "--skip=check/qemu",
            f"--architectures={DEBIAN[arch]}",
        ),
        *(f"--include={package}" for package in packages),
        '--aptopt=Acquire::Languages "none"',
        *(f"--aptopt={line}" for line in host_transport().splitlines()),
        *("--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*"),
        *(f'--{hook}=rm -f "$1"/{name}' for name in _LEAVE_OUT),
        *("", tar, sources),
        env={**os.environ, "SOURCE_DATE_EPOCH": str(date)},
        timeout=3600,
    )
    layers = scratch / f"{arch}-layers"
    layers.mkdir()
    layer, diff_id = docker_save.compress(tar, layers, packer)
    config = ConfigFile(
        architecture=OCI[arch],
        os="linux",
        rootfs=RootFs(diff_ids=(diff_id,)),
        history=({"created_by": "mmdebstrap"},),
    )
    return Base(config=config, layers=(layer,), directory=layers)


def _version() -> str:
    return Path("/etc/debian_version").read_text(encoding="utf-8").strip()


if __name__ == "__main__":
    made = make(Path(sys.argv[1]), sys.argv[2:])
    print(f"{made.directory}: {made.descriptor.digest}, {made.size / 1e6:.1f} MB")
