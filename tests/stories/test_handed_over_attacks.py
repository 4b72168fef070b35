"""Somebody has a job that builds: what can they have signed that the plan does not have?"""

import io
import json
import re
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jesses.base.errors import OutputError, PayloadError
from jesses.history.git_history import Commit
from jesses.package.formats import rpm_header
from jesses.package.formats.rpm_header import HeaderEntry
from jesses.package.formats.rpm_tags import Tag
from tests.support.apt_site import SIGNER
from tests.support.commands import BUILD, jesses
from tests.support.deb_example import archive, parts
from tests.support.hawk import PRODUCT, VERSION
from tests.support.machines import Machines, product_in
from tests.support.repository import Repository
from tests.support.tampering import (
    Members,
    corrected,
    edit_control,
    edit_control_part,
    edit_header,
    edit_rows,
)

ALL = "x86_64-aarch64-noarch"
STEM = "hawk-1.2.3-x86_64"
Rows = list[dict[str, Any]]


@pytest.fixture
def machines(tmp_path: Path) -> Machines:
    """All is built; a key signs what is published."""
    machines = product_in(tmp_path)
    machines.build("x86_64", "aarch64", "noarch")
    machines.signer = SIGNER
    return machines


def refused(machines: Machines, *directories: str) -> str:
    """Why it is not published; nothing was signed or sent, and the output is not there."""
    with pytest.raises(OutputError) as caught:
        machines.publish(*(directories or (ALL,)))
    assert caught.value.fix
    assert machines.log == []
    assert not (machines.root / "dist").exists()
    return caught.value.what


def package(machines: Machines, kind: str) -> Path:
    return machines.root / ALL / "packages" / f"{STEM}.{kind}"


def test_what_nobody_has_touched_is_published(machines: Machines) -> None:
    corrected(machines.root / ALL)
    machines.publish(ALL)
    assert "commit a" in machines.log


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (
            lambda text: text.replace("Package: hawk", "Package: sudo").replace("1.2.3", "99:9"),
            "Package is 'sudo', and in the plan it is 'hawk'",
        ),
        (lambda text: text.replace("Version: 1.2.3", "Version: 99:9"), "Version is '99:9'"),
        (lambda text: text.replace(": amd64", ": all"), "Architecture is 'all'"),
        (lambda text: text.replace("H <h@", "E <e@"), "Maintainer is 'E <e@example.org>'"),
        (lambda text: text.replace("Section: misc", "Section: admin"), "Section is 'admin'"),
        (lambda text: text.replace("Section", "Provides: sudo\nSection"), "Provides is 'sudo', .* not there"),
        (lambda text: text.replace("Section", "Conflicts: sudo\nSection"), "Conflicts is 'sudo'"),
        (lambda text: text.replace("Section", "Replaces: sudo\nSection"), "Replaces is 'sudo'"),
        (lambda text: text.replace("Section", "Essential: yes\nSection"), "Essential is 'yes'"),
        (lambda text: text.replace("Section", "Depends: evil\nSection"), "Depends is 'evil'"),
        (lambda text: text.replace("Section", "Package: sudo\nSection"), "Package is 'sudo'|stand twice"),
        (lambda text: text.replace("Package: hawk\n", "") + "Package: hawk\n", "not in the order"),
        (
            lambda text: text.replace("Package", "package"),
            "package is 'hawk', and in the plan it is not there",
        ),
        (lambda text: text + "\nPackage: sudo\nVersion: 99:9\n", "not one paragraph"),
        (lambda text: "\n" + text, "not one paragraph"),
        (lambda text: text.replace("Section", "\nSection"), "not one paragraph"),
        (lambda text: text.replace("Section", " \nSection"), "Installed-Size|is "),
        (lambda text: text.replace("Installed-Size: ", "Installed-Size: x"), "Installed-Size is 'x"),
        (lambda text: text.replace("\n", "\r\n"), "Installed-Size is"),
    ],
)
def test_a_control_file_that_the_configuration_does_not_write(
    machines: Machines, edit: Callable[[str], str], told: str
) -> None:
    edit_control(package(machines, "deb"), edit)
    corrected(machines.root / ALL)
    assert re.search(told, refused(machines))


def _twice(members: Members) -> Members:
    info, data = next(member for member in members if member[0].name == "./control")
    return [*members, (info.replace(deep=False), data.replace(b": hawk", b": sudo"))]


def _elsewhere(members: Members) -> Members:
    info, data = next(member for member in members if member[0].name == "./control")
    return [*members, (info.replace(name="control", deep=False), data.replace(b": hawk", b": sudo"))]


def _linked(members: Members) -> Members:
    info = next(info for info, _ in members if info.name == "./md5sums")
    link = info.replace(name="./postinst", linkname="/etc/passwd", deep=False)
    link.type = tarfile.SYMTYPE
    return [*members, (link, b"")]


@pytest.mark.parametrize("edit", [_twice, _elsewhere, _linked])
def test_a_control_part_that_readers_may_read_otherwise(
    machines: Machines, edit: Callable[[Members], Members]
) -> None:
    edit_control_part(package(machines, "deb"), edit)
    corrected(machines.root / ALL)
    assert "foreign or there twice" in refused(machines)


def test_a_deb_with_a_second_control_part(machines: Machines) -> None:
    deb = package(machines, "deb")
    deb.write_bytes(archive({**parts(deb.read_bytes()), "control.tar.xz": b""}))
    corrected(machines.root / ALL)
    assert "it has the parts debian-binary, control.tar.gz" in refused(machines)


def _texts(tag: Tag, value: str) -> Callable[[tuple[HeaderEntry, ...]], tuple[HeaderEntry, ...]]:
    return lambda entries: (*(each for each in entries if each.tag != tag), rpm_header.text(tag, value))


def _relation(
    names: Tag, flags: Tag, versions: Tag
) -> Callable[[tuple[HeaderEntry, ...]], tuple[HeaderEntry, ...]]:
    def edit(entries: tuple[HeaderEntry, ...]) -> tuple[HeaderEntry, ...]:
        return (
            *(each for each in entries if each.tag not in {names, flags, versions}),
            rpm_header.texts(names, ["hawk", "hawk(x86-64)", "sudo"]),
            rpm_header.int32(flags, 8, 8, 0),
            rpm_header.texts(versions, ["1.2.3-1", "1.2.3-1", ""]),
        )

    return edit


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (_texts(Tag.NAME, "sudo"), "NAME is"),
        (_texts(Tag.VERSION, "99"), "VERSION is"),
        (_texts(Tag.RELEASE, "99"), "RELEASE is"),
        (_texts(Tag.ARCH, "aarch64"), "ARCH is"),
        (_texts(Tag.PACKAGER, "E <e@example.org>"), "PACKAGER is"),
        (_texts(Tag.SOURCERPM, "sudo-1.src.rpm"), "SOURCERPM is"),
        (lambda entries: (*entries, rpm_header.int32(Tag.EPOCH, 99)), "EPOCH is"),
        (lambda entries: (*entries, rpm_header.text(Tag.NAME, "sudo")), "not as they are written here"),
        (_relation(Tag.PROVIDENAME, Tag.PROVIDEFLAGS, Tag.PROVIDEVERSION), "it provides sudo"),
        (_relation(Tag.OBSOLETENAME, Tag.OBSOLETEFLAGS, Tag.OBSOLETEVERSION), "OBSOLETENAME is"),
        (_relation(Tag.CONFLICTNAME, Tag.CONFLICTFLAGS, Tag.CONFLICTVERSION), "CONFLICTNAME is"),
        (lambda entries: tuple(e for e in entries if e.tag != Tag.PROVIDENAME), "does not provide hawk"),
    ],
)
def test_a_header_that_the_configuration_does_not_write(
    machines: Machines,
    edit: Callable[[tuple[HeaderEntry, ...]], tuple[HeaderEntry, ...]],
    told: str,
) -> None:
    edit_header(package(machines, "rpm"), edit)
    corrected(machines.root / ALL)
    assert told in refused(machines)


def _tarball(path: Path, *names: str, kind: bytes = tarfile.REGTYPE) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info, io.BytesIO())


@pytest.mark.parametrize(
    ("names", "kind", "told"),
    [
        (("sudo-1.2.3/bin",), tarfile.REGTYPE, "does not lie in hawk-1.2.3/"),
        (("hawk-1.2.3/../x",), tarfile.REGTYPE, "does not lie in hawk-1.2.3/"),
        (("/etc/passwd",), tarfile.REGTYPE, "does not lie in hawk-1.2.3/"),
        (("hawk-1.2.3/a", "hawk-1.2.3/a"), tarfile.REGTYPE, "hawk-1.2.3/a is there twice"),
        (("hawk-1.2.3/a",), tarfile.LNKTYPE, "neither a file, a directory nor a link"),
        (("hawk-1.2.3/a",), tarfile.REGTYPE, "it has no directory hawk-1.2.3/"),
    ],
)
def test_a_tarball_of_another_layout(
    machines: Machines, names: tuple[str, ...], kind: bytes, told: str
) -> None:
    _tarball(package(machines, "tar.gz"), *names, kind=kind)
    corrected(machines.root / ALL)
    assert told in refused(machines)


@pytest.mark.parametrize("kind", ["deb", "rpm", "tar.gz"])
def test_what_is_no_package(machines: Machines, kind: str) -> None:
    package(machines, kind).write_bytes(b"no package")
    corrected(machines.root / ALL)
    assert f"{STEM}.{kind}" in refused(machines)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("size", 1), ("kind", "rpm"), ("version", "9.9.9"), ("arch", "aarch64"), ("component", "driver")),
        *(("name", "sudo"), ("sha256", "0" * 64), ("signed_sha256", "0" * 64), ("more", "x"), ("size", None)),
    ],
)
@pytest.mark.parametrize("which", [f"packages/{STEM}.deb", f"sbom/{STEM}.deb.spdx.json"])
def test_a_row_that_says_otherwise_than_the_file_and_the_plan(
    machines: Machines, which: str, name: str, value: object
) -> None:
    def edit(rows: Rows) -> None:
        next(row for row in rows if row["path"] == which)[name] = value

    edit_rows(machines.root / ALL, edit)
    told = refused(machines)
    assert f"{which} is not what artifacts.json says" in told
    assert name in told


def _extra(rows: Rows) -> None:
    rows.append({**rows[0], "path": "packages/sudo-99-x86_64.deb"})


def _second(rows: Rows) -> None:
    rows.append(rows[0])


def _without_package(rows: Rows) -> None:
    rows[:] = [row for row in rows if row["path"] != f"packages/{STEM}.deb"]


def _without_document(rows: Rows) -> None:
    rows[:] = [row for row in rows if row["path"] != f"sbom/{STEM}.deb.spdx.json"]


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (_extra, "packages/sudo-99-x86_64.deb is not in the plan"),
        (_second, "has a file twice"),
        (_without_package, f"{STEM}.deb.spdx.json without what it is about"),
        (_without_document, f"planned and missing: {STEM}.deb.spdx.json"),
        (lambda rows: rows.clear(), "nobody has built"),
    ],
)
def test_rows_that_are_too_many_or_too_few(
    machines: Machines, edit: Callable[[Rows], None], told: str
) -> None:
    edit_rows(machines.root / ALL, edit)
    assert told in refused(machines)


@pytest.mark.parametrize(
    "text",
    [
        '{"project": "hawk", "commits": {}, "artifacts": ' + "[" * 100_000,
        '{"project": "hawk", "commits": {}, "artifacts": [{"path": ' + "[" * 100_000,
        '{"project": "hawk", "commits": {}, "artifacts": [{"path": [1]}]}',
        '{"project": "hawk", "commits": {}, "artifacts": [{}]}',
        '{"project": "hawk", "commits": [], "artifacts": []}',
        '{"project": 1, "commits": {}, "artifacts": []}',
        " " * ((16 << 20) + 1),
        "\udcff",
    ],
)
def test_a_list_that_is_none(machines: Machines, text: str) -> None:
    path = machines.root / ALL / "artifacts.json"
    path.write_text(text, errors="surrogateescape")
    assert refused(machines)


def test_a_list_of_another_project(machines: Machines) -> None:
    path = machines.root / ALL / "artifacts.json"
    path.write_text(path.read_text().replace('"project": "hawk"', '"project": "kite"'))
    assert "was built for kite, not for hawk" in refused(machines)


def test_what_was_built_before_the_tag_was_moved(machines: Machines) -> None:
    machines.version = replace(VERSION, commit=Commit(sha="b" * 40, date=VERSION.commit.date))
    assert "userspace as of commit aaaaaaaaaaaa, and the plan has bbbbbbbbbbbb" in refused(machines)


def test_a_bill_of_materials_about_something_else(machines: Machines) -> None:
    path = machines.root / ALL / "sbom" / f"{STEM}.deb.spdx.json"
    path.write_text(
        path.read_text().replace('"supplier": "Organization: V"', '"supplier": "Organization: E"')
    )
    corrected(machines.root / ALL)
    assert "is not about" in refused(machines)
    path.write_text("{" * 100_000)
    corrected(machines.root / ALL)
    assert "is no bill of materials" in refused(machines)


def test_one_directory_named_twice(machines: Machines) -> None:
    assert "is handed over 2 times" in refused(machines, ALL, ALL)


@pytest.mark.parametrize("path", [f"packages/{STEM}.tar.gz", "trees/agent-x86_64.tar"])
def test_one_file_handed_over_twice_must_be_the_same(machines: Machines, path: str) -> None:
    machines.signer = None
    machines.build("x86_64")
    machines.publish(ALL, "x86_64")
    machines.log.clear()
    file = machines.root / "x86_64" / path
    if path.startswith("trees"):
        file.write_bytes(file.read_bytes() + bytes(512))
    else:
        _tarball(file, "hawk-1.2.3", kind=tarfile.DIRTYPE)
        _tarball_document(machines.root / "x86_64", path)
    with pytest.raises(OutputError, match="is handed over twice, with different bytes"):
        machines.publish(ALL, "x86_64")
    assert machines.log == []


def _tarball_document(directory: Path, path: str) -> None:
    edit_rows(directory, lambda rows: rows.__setitem__(slice(None), [r for r in rows if r["path"] == path]))
    corrected(directory)


def test_a_file_that_is_a_link_to_one_of_the_machine_that_publishes(machines: Machines) -> None:
    deb = package(machines, "deb")
    deb.rename(machines.root / "elsewhere")
    deb.symlink_to(machines.root / "elsewhere")
    assert "is no file" in refused(machines)


@pytest.mark.parametrize("name", ["artifacts.json", "trees", "trees/agent-x86_64.tar"])
def test_what_is_handed_over_beside_packages_is_no_link_that_leads_out(machines: Machines, name: str) -> None:
    path = machines.root / ALL / name
    path.rename(machines.root / "elsewhere")
    path.symlink_to(machines.root / "elsewhere")
    with pytest.raises(PayloadError, match=f"through the link {name} -> "):
        machines.publish(ALL)
    assert machines.log == []


def _tree(path: Path, *members: tuple[str, bytes, str]) -> None:
    with tarfile.open(path, "w") as tar:
        for name, kind, target in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            tar.addfile(info, io.BytesIO())


@pytest.mark.parametrize(
    "members",
    [
        [("a", tarfile.SYMTYPE, "OUTSIDE"), ("a/written", tarfile.REGTYPE, "")],
        [("a", tarfile.SYMTYPE, "OUTSIDE"), ("a/written", tarfile.SYMTYPE, "x")],
        [("a", tarfile.SYMTYPE, "OUTSIDE"), ("b", tarfile.LNKTYPE, "a"), ("b/written", tarfile.REGTYPE, "")],
        [("a", tarfile.LNKTYPE, "OUTSIDE/there")],
        [("../written", tarfile.REGTYPE, "")],
        [("../written", tarfile.SYMTYPE, "x")],
        [("OUTSIDE/written", tarfile.REGTYPE, "")],
        [("OUTSIDE/written", tarfile.SYMTYPE, "x")],
        [("a", tarfile.FIFOTYPE, "")],
        [("a", tarfile.SYMTYPE, "x"), ("a", tarfile.SYMTYPE, "y")],
    ],
)
def test_a_staged_tree_writes_nothing_outside(
    machines: Machines, members: list[tuple[str, bytes, str]]
) -> None:
    outside = machines.root / "outside"
    outside.mkdir()
    (outside / "there").write_text("secret")
    filled = [tuple(str(outside).join(part.split("OUTSIDE")) if isinstance(part, str) else part for part in m)
              for m in members]  # fmt: skip
    _tree(machines.root / ALL / "trees" / "agent-x86_64.tar", *filled)  # type: ignore[arg-type]
    assert "agent-x86_64.tar is no staged tree" in refused(machines)
    assert [path.name for path in outside.iterdir()] == ["there"]


@pytest.mark.process
def test_sudo_is_not_signed_by_the_real_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository = Repository(tmp_path / "hawk")
    text = PRODUCT.replace('["make-it"]', json.dumps(["sh", "-c", BUILD]))
    repository.commit({"release.toml": text + '\n[channels.dev]\nstore = "../dev"\n', "copyright": "MIT\n"})
    project, built = ("--project", str(repository.root)), tmp_path / "built"
    assert jesses("build", "--arch", "x86_64,aarch64", *project, "--dist", str(built)) == 0
    deb = next((built / "packages").glob("hawk-*-x86_64.deb"))
    edit_control(
        deb, lambda text: text.replace("Package: hawk", "Package: sudo").replace("Version: ", "Version: 99:9")
    )
    corrected(built)
    where = (
        "--channel",
        "dev",
        "--no-sign",
        *project,
        "--from",
        str(built),
        "--dist",
        str(tmp_path / "dist"),
    )
    capsys.readouterr()
    assert jesses("publish", *where) == OutputError.exit_code
    assert "Package is 'sudo', and in the plan it is 'hawk'" in capsys.readouterr().err
    assert not [path for path in (tmp_path / "dev").rglob("*") if path.name == "InRelease"]
