import io
import tarfile
from dataclasses import replace
from pathlib import Path

from jesses.base.payload import Ghost, Payload
from jesses.package.compression import Packer
from jesses.package.formats import tarball
from tests.support.deb_example import KESTREL


def test_everything_lies_below_one_directory_and_ghosts_nowhere(tmp_path: Path) -> None:
    package = replace(KESTREL, payload=Payload.of((*KESTREL.payload, Ghost(path="/var/lib/kestrel/state"))))
    with Packer(tmp_path) as packer:
        data = bytes(tarball.assemble(package, packer).file)
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        names = archive.getnames()
    wanted = {f"kestrel-1.2.3{entry.path}" for entry in KESTREL.payload.with_parents()}
    assert names[0] == "kestrel-1.2.3"
    assert set(names[1:]) == wanted
