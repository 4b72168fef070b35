"""What the programs and libraries of a payload are, and what they need from elsewhere."""

import posixpath
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from jesses.base.errors import PayloadError
from jesses.base.naming.arch import Arch
from jesses.base.payload import Payload
from jesses.package import elf
from jesses.package.elf import Elf

_BYTECODE: Final = "bpf"
"""Programs for the kernel's virtual machine run on any."""
_GLIBC: Final = frozenset(
    (
        *("libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1"),
        *("libresolv.so.2", "libanl.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"),
    )
)
_GLIBC_VERSION: Final = "GLIBC_"


Read = Callable[[str], Elf | None]
"""Reads a file as `elf.read` does; it may remember what it read."""


@dataclass(frozen=True, kw_only=True)
class Binary:
    """An ELF file, and the path under which the payload installs it."""

    path: str
    elf: Elf


def binaries(payload: Payload, read: Read = elf.read) -> tuple[Binary, ...]:
    """The ELF files of `payload` that are read from disk, by `read`.

    Raises:
        PayloadError: one is damaged or cannot be read.

    """
    named = ((file.path, file.on_disk) for file in payload.files)
    return tuple(Binary(path=path, elf=found) for path, name in named if name and (found := read(name)))


def check(found: Iterable[Binary], *, arch: Arch, static: bool, loaders: Payload | None = None) -> None:
    """See that ELF files are for `arch`, and static where that was promised.

    `loaders`, for what runs alone, is the payload that must hold the loader of every dynamic program.

    Raises:
        PayloadError: the message names every file that is not.

    """
    problems = [*_strangers(found, arch)]
    if static:
        problems += _dynamic(found)
    if loaders is not None:
        problems += _without_loader(found, loaders)
    if problems:
        raise PayloadError(
            "the programs do not fit:\n    " + "\n    ".join(problems),
            fix="see what the build command stages for JESSES_ARCH",
        )


def _strangers(found: Iterable[Binary], arch: Arch) -> Iterator[str]:
    for binary in found:
        if binary.elf.machine not in {arch, _BYTECODE}:
            yield f"{binary.path} is an ELF file for {binary.elf.machine} in a package for {arch}"


def _dynamic(found: Iterable[Binary]) -> Iterator[str]:
    for binary in found:
        if binary.elf.dynamic:
            asks = ", ".join(binary.elf.needed) or binary.elf.interpreter
            yield f"{binary.path} needs {asks}, and the package is static: link it with -static"


def _without_loader(found: Iterable[Binary], payload: Payload) -> Iterator[str]:
    # By its name alone: /lib64 may be a link.
    present = {posixpath.basename(entry.path) for entry in payload}
    for binary in found:
        loader = binary.elf.interpreter
        if loader and posixpath.basename(loader) not in present:
            yield f"{binary.path} needs {loader}, which the image does not hold: link it with -static"


def rpm_requires(found: Iterable[Binary]) -> Iterator[str]:
    """What rpm's own generator (`elfdeps`) finds: libraries and versions of them, by the words it has for them."""
    own = {binary.elf.soname for binary in found}
    for binary in _linked(found):
        for library in binary.elf.needed:
            if library not in own:
                yield f"{library}()(64bit)"
        for library, version in binary.elf.needs:
            if library not in own:
                yield f"{library}({version})(64bit)"
        if binary.elf.gnu_hash_only:
            yield "rtld(GNU_HASH)"


def rpm_provides(found: Iterable[Binary]) -> Iterator[str]:
    """The libraries of a package, as `elfdeps` names them."""
    for binary in _linked(found):
        if name := binary.elf.soname:
            yield f"{name}()(64bit)"
            yield from (f"{name}({version})(64bit)" for version in binary.elf.defines)


def deb_depends(found: Iterable[Binary]) -> Iterator[str]:
    """The C library, not older than the newest version that a symbol asks for (deb-symbols(5)).

    Which package of Debian holds another library is not known here: a product names those itself.
    """
    needs = [need for binary in _linked(found) for need in binary.elf.needs if need[0] in _GLIBC]
    versions = [version.removeprefix(_GLIBC_VERSION) for _, version in needs if version[-1].isdecimal()]
    if versions:
        newest = max(versions, key=lambda text: tuple(map(int, text.split("."))))
        yield f"libc6 (>= {newest})"


def _linked(found: Iterable[Binary]) -> Iterator[Binary]:
    """Programs and libraries, without object files and kernel modules."""
    return (binary for binary in found if binary.elf.linked)
