from pathlib import Path

from jesses.base.errors import EngineError
from jesses.pipeline.doctor import Finding, examine
from jesses.signing import openpgp, openpgp_key


def no_engine() -> str:
    raise EngineError("no Docker engine answers", fix="start one")


def checks(directory: Path, environment: dict[str, str], *, engine: bool = False) -> dict[str, Finding]:
    found = examine(directory, environment, ping_engine=(lambda: "28.0") if engine else no_engine)
    return {check.name: check for check in found}


def test_what_is_missing_is_no_error_but_says_what_it_disables(tmp_path: Path) -> None:
    found = checks(tmp_path, {})
    assert not found["Docker engine"].present
    assert found["Docker engine"].detail == "no Docker engine answers"
    assert "images" in found["Docker engine"].disables
    assert [check.name for check in found.values() if check.required] == ["Python", "git"]


def test_what_is_there_is_told_with_its_version(tmp_path: Path) -> None:
    assert checks(tmp_path, {}, engine=True)["Docker engine"].detail == "28.0"


def test_the_signing_key_is_told_by_its_fingerprint_and_a_broken_one_by_its_fault(tmp_path: Path) -> None:
    key = openpgp_key.generate("K <k@example.org>")
    found = checks(tmp_path, {openpgp.KEY_VARIABLE: str(key)})["signing key"]
    assert found.present
    assert found.detail == key.extract_certificate().fingerprint.upper()
    broken = checks(tmp_path, {openpgp.KEY_VARIABLE: "nonsense"})["signing key"]
    assert not broken.present
    assert "holds no key" in broken.detail
