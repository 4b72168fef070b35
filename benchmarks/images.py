"""A two-arch image with a 190 MB payload onto a base, to two registries, against other tools, in one run.

    python -m benchmarks.images [--json FILE] [--runs N]

Needs root and dockerd, docker, docker-registry, buildah, umoci, skopeo, curl (Debian has them all). Of N rounds
the median counts. Every tool has the base at hand, and so have both registries. Each round has registries of its
own: docker, buildah and skopeo remember which one has a layer, and would only mount it from the second round on.
Our lines without "cold" and "read anew" begin where the packages of the release, with the same payload, are made.
umoci has no command for an index over architectures: its time is without one. The floor is what the registries
need to take our layers in.
"""

import argparse
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import requests
from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.naming.arch import MACHINES, OCI, Arch
from jesses.base.parallel import ordered_map
from jesses.base.payload import File, Payload
from jesses.image.base import Base
from jesses.image.model import Image, ImageConfig
from jesses.image.registry.network import new_session
from jesses.image.registry.push import layout_content, send
from jesses.image.registry.reference import Reference
from jesses.image.registry.registries import Registries
from jesses.image.registry.upload import Blob
from jesses.image.registry.writer import RegistryWriter
from jesses.image.write import write_layout
from jesses.package.compression import QUICK, Cache, Packer
from jesses.publish.images.factory import RegistryAccess
from jesses.publish.images.previous import base_image
from jesses.publish.images.publisher import RegistryPublisher
from tests.engines import daemons
from tests.engines.test_image import layout_of

MB = 10**6
PAYLOAD = 190 * MB
LARGE = 4 << 20
VERSION = Version(1)


@dataclass(kw_only=True)
class World:
    """Two registries with a base, and the payload of each architecture."""

    scratch: Path
    registries: tuple[str, str]
    payload: dict[Arch, Path]
    docker: str
    number: int = 0

    def fresh(self) -> str:
        """A name that no registry has seen."""
        self.number += 1
        return f"bench/{os.getpid()}-{self.number}"

    @property
    def base(self) -> str:
        return f"{self.registries[0]}/library/base:1.2.3-4_abc1234"

    def directory(self, name: str) -> Path:
        path = self.scratch / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        return path


def run(*argv: str | Path, **env: str) -> None:
    done = subprocess.run(
        [str(word) for word in argv], env={**os.environ, **env}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{argv}: {done.stdout}{done.stderr}")


@contextmanager
def world(scratch: Path, payload: dict[Arch, Path]) -> Iterator[World]:
    scratch.mkdir()
    with ExitStack() as stack:
        names = [stack.enter_context(daemons.registry(scratch / f"registry-{number}")) for number in (1, 2)]
        made = World(
            scratch=scratch,
            registries=(names[0], names[1]),
            payload=payload,
            docker=stack.enter_context(daemons.docker_engine()),
        )
        (scratch / "base").mkdir()
        index = layout_of("library/base", scratch / "base")
        content = layout_content(index.directory)
        for name in made.registries:
            repository = writer(f"{name}/library").repository("base")
            send(content, repository)
            repository.put_manifest(content.documents[-1], index.tag)
        bases(made)
        yield made


def payload(scratch: Path) -> dict[Arch, Path]:
    """A real program of 190 MB for each architecture: a compiler, turned round by some megabytes."""
    package = importlib.util.find_spec("ziglang")
    if package is None or package.origin is None:
        raise SystemExit("needs ziglang: ./inv test installs it")
    program = (Path(package.origin).parent / "zig").read_bytes()
    files = {}
    for turn, arch in enumerate(MACHINES):
        data = program[turn * 7 * MB :] + program[: turn * 7 * MB]
        files[arch] = scratch / f"agent-{arch}"
        files[arch].write_bytes((data + data)[:PAYLOAD])
        files[arch].chmod(0o755)
    return files


def writer(prefix: str) -> RegistryWriter:
    return RegistryWriter(
        registries=Registries(session=new_session(), find_credential=lambda _: None),
        prefix=Reference.parse_prefix(prefix),
        catalog=lambda _: NotImplemented,
    )


# --- ours


def bases(world: World) -> dict[Arch, Base]:
    outside = RegistryAccess(
        registries=Registries(session=new_session(), find_credential=lambda _: None),
        environment={"XDG_CACHE_HOME": str(world.scratch / "cache")},
        home=world.scratch,
        tell=lambda _: None,
    )
    return dict(base_image(world.base, MACHINES, "", outside))


def ours(world: World, packer: Packer, name: str, *, note: bytes = b"one", version: Version = VERSION) -> int:
    """Make and publish it; bytes of the layers that are ours."""
    found = bases(world)
    images = [
        Image(
            large=LARGE,
            name=name,
            version=version,
            arch=arch,
            date=1,
            payload=Payload.of(
                [
                    File(path="/usr/bin/agent", source=world.payload[arch], mode=0o755),
                    File(path="/etc/agent/note", source=note),
                ]
            ),
            config=ImageConfig(entrypoint=("/usr/bin/agent",)),
            base=found[arch],
        )
        for arch in MACHINES
    ]
    target = world.scratch / "ours"
    shutil.rmtree(target, ignore_errors=True)
    index = write_layout(images, target, packer)
    artifact = Artifact(
        path=target,
        kind="image",
        component="agent",
        name=name,
        version=version,
        arch="multi",
        size=index.size,
        sha256=index.descriptor.sha256,
    )
    publishers = [
        RegistryPublisher(writer=writer(f"{address}/ours"), images=[name]) for address in world.registries
    ]
    for publisher in publishers:
        publisher.check([artifact])
    for step in (lambda publisher: publisher.stage([artifact]), RegistryPublisher.verify):
        list(ordered_map(step, publishers, threads=len(publishers)))
    for publisher in publishers:
        publisher.commit()
    return sum(layer.size for image in index.images for layer in image.manifest.layers[1:])


# --- the others: each gives the bytes of its layers beside the base


def by_docker(world: World) -> int:
    name, env = world.fresh(), {"DOCKER_HOST": world.docker, "DOCKER_BUILDKIT": "0"}
    for arch in MACHINES:
        context = world.directory(f"docker-{arch}")
        (context / "agent").hardlink_to(world.payload[arch])
        (context / "note").write_text("one")
        (context / "Dockerfile").write_text(
            f"FROM {world.base}\nCOPY agent /usr/bin/agent\nCOPY note /etc/agent/note\n"
        )
        tags = [f"{registry}/{name}:1-{arch}" for registry in world.registries]
        names = [f"--tag={tag}" for tag in tags]
        platform = f"--platform=linux/{OCI[arch]}"
        run("docker", "build", "--quiet", "--no-cache", "--pull", platform, *names, context, **env)
        for tag in tags:
            run("docker", "push", "--quiet", tag, **env)
    for registry in world.registries:
        parts = [f"{registry}/{name}:1-{arch}" for arch in MACHINES]
        run("docker", "manifest", "create", "--insecure", f"{registry}/{name}:1", *parts, **env)
        run("docker", "manifest", "push", "--insecure", f"{registry}/{name}:1", **env)
    return layers(world, name, [f"1-{arch}" for arch in MACHINES])


def by_buildah(world: World) -> int:
    name, home = world.fresh(), world.scratch / "buildah"
    buildah: tuple[str, ...] = (
        "buildah",
        f"--root={home}/root",
        f"--runroot={home}/run",
        "--storage-driver=overlay",
    )
    run(*buildah, "manifest", "create", name)
    for arch in MACHINES:
        box = f"{arch}-{world.number}"
        source = ("--quiet", f"--name={box}", f"--arch={OCI[arch]}", "--tls-verify=false", world.base)
        run(*buildah, "from", *source)
        run(*buildah, "copy", "--quiet", box, world.payload[arch], "/usr/bin/agent")
        run(*buildah, "commit", "--quiet", f"--manifest={name}", "--rm", box)
    for registry in world.registries:
        target = f"docker://{registry}/{name}:1"
        run(*buildah, "manifest", "push", "--quiet", "--all", "--tls-verify=false", name, target)
    return layers(world, name, ["1"])


def by_umoci(world: World) -> int:
    name, directory = world.fresh(), world.directory("umoci")
    for arch in MACHINES:
        image = f"{directory}/{arch}:1"
        run(
            *(
                "skopeo",
                "--insecure-policy",
                f"--override-arch={OCI[arch]}",
                "copy",
                "--src-tls-verify=false",
            ),
            *(f"docker://{world.base}", f"oci:{image}"),
        )
        run("umoci", "insert", "--image", image, world.payload[arch], "/usr/bin/agent")
        for registry in world.registries:
            run(
                *("skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false"),
                *(f"oci:{image}", f"docker://{registry}/{name}:1-{arch}"),
            )
    return layers(world, name, [f"1-{arch}" for arch in MACHINES])


def layers(world: World, name: str, tags: list[str]) -> int:
    """Bytes of all layers but the base's in the first registry."""
    prefix, _, image = name.rpartition("/")
    repository = writer(f"{world.registries[0]}/{prefix}").repository(image)
    total = 0
    for tag in tags:
        found: dict[str, Any] = repository.manifest(tag).json
        manifests = [repository.manifest(entry["digest"]).json for entry in found.get("manifests", ())]
        total += sum(
            layer["size"] for ordered_map in manifests or [found] for layer in ordered_map["layers"][1:]
        )
    return total


def by_curl(world: World) -> int:
    """Our layers, as they lie in the layout, to both registries at once, and nothing else."""
    name = world.fresh()
    blobs = [blob for blob in layout_content(world.scratch / "ours").blobs if blob.size >= LARGE]

    def upload(one: tuple[str, Blob]) -> None:
        registry, blob = one
        place = requests.post(f"http://{registry}/v2/{name}/blobs/uploads/", timeout=60).headers["Location"]
        run(
            *("curl", "--silent", "--show-error", "--fail", "--output", "/dev/null", "--header", "Expect:"),
            *("--header", "Content-Type: application/octet-stream"),
            *("--upload-file", str(blob.source), f"{place}&digest={blob.digest}"),
        )

    uploads = [(registry, blob) for blob in blobs for registry in world.registries]
    list(ordered_map(upload, uploads, threads=len(uploads)))
    return sum(blob.size for blob in blobs)


CHANGED: Final = "ours, one small file changed"
PEERS: Final = {"docker": by_docker, "buildah": by_buildah, "umoci + skopeo": by_umoci}


def measure(what: Callable[[], int]) -> tuple[float, int]:
    started = time.perf_counter()
    size = what()
    return time.perf_counter() - started, size


def pack(made: World, packer: Packer) -> int:
    """What the packages of a release do before its images are made: read the payload, and have it compressed."""
    packer.prepare(File(path="/agent", source=source) for source in made.payload.values())
    return 0


def measure_all(made: World, note: Callable[[str, tuple[float, int]], None]) -> None:
    """One round of everything: each of our lines as a run of its own, with what an earlier one left on disk."""
    name, following = made.fresh().removeprefix("bench/"), VERSION.bump_patch()
    # A product of an image alone: release/jesses/pipeline/steps/image.py
    with Packer(made.directory("spool"), level=QUICK, md5=False) as packer:
        note("ours, cold", measure(lambda: ours(made, packer, name)))
    name = made.fresh().removeprefix("bench/")
    cache = Cache(directory=made.directory("segments"))
    with Packer(made.directory("spool"), cache=cache) as packer:
        pack(made, packer)
        note("ours, in a release", measure(lambda: ours(made, packer, name)))
    note("floor: the same layers by curl", measure(partial(by_curl, made)))
    for line in (CHANGED, "ours, nothing new"):
        with Packer(made.directory("spool"), cache=cache) as packer:
            packing, _ = measure(partial(pack, made, packer))
            seconds, size = measure(partial(ours, made, packer, name, note=b"two", version=following))
        note(line, (seconds, size))
        note(f"{line}, read anew", (packing + seconds, size))
    for tool, peer in PEERS.items():
        note(tool, measure(partial(peer, made)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    found: dict[str, list[tuple[float, int]]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-images-") as scratch:
        files = payload(Path(scratch))
        for number in range(options.runs):
            with world(Path(scratch) / f"round-{number}", files) as made:
                measure_all(made, lambda name, figures: found.setdefault(name, []).append(figures))
    medians = {name: statistics.median(seconds for seconds, _ in figures) for name, figures in found.items()}
    sizes = {name: figures[0][1] for name, figures in found.items()}
    fastest = min(medians[name] for name in PEERS)
    limits = {
        "ours, cold": fastest,
        "ours, in a release": fastest / 4,
        CHANGED: medians["ours, cold"] / 10,
    }
    load = os.getloadavg()[0]
    print(
        f"{'':<40} {'s':>7} {'limit':>7} {'MB of layers':>13}   (median of {options.runs}, load {load:.1f})"
    )
    for name, seconds in medians.items():
        limit = f"{limits[name]:.2f}" if name in limits else ""
        print(f"{name:<40} {seconds:>7.2f} {limit:>7} {sizes[name] / MB:>13.1f}")
    if options.json:
        figures = {name: {"seconds": medians[name], "bytes": sizes[name]} for name in medians}
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
