"""A release made twice where everything but the commit is different, and what diffoscope says of it."""

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engines.engines import DIFFOSCOPE, run
from tests.engines.engines import require as require_engine
from tests.engines.product import KESTREL, copy_of
from tests.support.paths import ROOT

IDENTITY = ("-c", "user.name=Test", "-c", "user.email=test@example.org")


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Where and when a release is made; `hours` is how far its files are from now."""

    umask: str
    zone: str
    locale: str
    host: str
    hours: int
    reverse: bool


FIRST = Surroundings(umask="022", zone="UTC", locale="C.UTF-8", host="one", hours=0, reverse=False)
SECOND = Surroundings(
    umask="077", zone="Pacific/Kiritimati", locale="tr_TR.UTF-8", host="zwei", hours=-9000, reverse=True
)


def copied(source: Path, target: Path, where: Surroundings) -> None:
    """A copy whose files are made in another order and with another time."""
    for path in sorted(source.rglob("*"), reverse=where.reverse):
        copy = target / path.relative_to(source)
        if path.is_file() and not path.is_symlink():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
            time = path.stat().st_mtime + 3600 * where.hours
            os.utime(copy, (time, time))


def release(product: Path, dist: Path, where: Surroundings, options: tuple[str, ...]) -> None:
    environment = {**os.environ, "TZ": where.zone, "LANG": where.locale, "LC_ALL": where.locale}
    command = f'hostname "$0"; umask {where.umask}; exec "$@"'
    run(
        *("unshare", "--uts", "sh", "-ec", command, where.host),
        *(sys.executable, "-m", "invoke", "--search-root", str(ROOT), "release"),
        *("--dist", str(dist), "--project", str(product), *options),
        env=environment,
        cwd=product.parent,
    )


@pytest.fixture(scope="module", params=["signed", "unsigned"])
def twins(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    require_engine(DIFFOSCOPE)
    base = tmp_path_factory.mktemp(request.param)
    product = copy_of(KESTREL, base / "kestrel").repository.root
    options: tuple[str, ...] = () if request.param == "signed" else ("--no-sign",)
    made = []
    for where, place in ((FIRST, base / "a"), (SECOND, base / "much" / "deeper" / "and with blanks")):
        copied(product, place / "kestrel", where)
        release(place / "kestrel", place / "dist", where, options)
        made.append(place / "dist")
    return made[0], made[1]


def rows(dist: Path) -> dict[str, dict[str, str]]:
    return {row["path"]: row for row in json.loads((dist / "artifacts.json").read_text())["artifacts"]}


def test_every_artifact_has_the_same_identity(twins: tuple[Path, Path]) -> None:
    first, second = ({path: row["sha256"] for path, row in rows(dist).items()} for dist in twins)
    assert len(first) == 35
    assert first == second


def test_diffoscope_finds_nothing_but_signatures_of_rpms(twins: tuple[Path, Path], tmp_path: Path) -> None:
    for path, row in rows(twins[0]).items():
        one, other = (dist / path for dist in twins)
        if one.is_file() and one.read_bytes() == other.read_bytes():
            continue
        if row["kind"] == "image":
            difference = run("diff", "--recursive", one, other, check=False)
            assert difference.stdout == ""
            continue
        assert (row["kind"], row["signed_sha256"] is not None) == ("rpm", True), path
        # Without its signature header it is the same file, which diffoscope shows too.
        unsigned = []
        for number, signed in enumerate((one, other)):
            copy = tmp_path / str(number) / one.name
            copy.parent.mkdir(exist_ok=True)
            shutil.copy(signed, copy)
            run("rpmsign", "--delsign", copy)
            unsigned.append(copy)
        compared = run("diffoscope", "--text", "-", *unsigned, check=False)
        assert (compared.returncode, compared.stdout) == (0, ""), compared.stdout
