"""Kestrel's agent, compiled by its own build script for this machine."""

import json
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import KESTREL

VERSION = "0.1.0-12+abc1234"

pytestmark = pytest.mark.process


def build(stage: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    jesses = {"JESSES_VERSION": VERSION, "JESSES_ARCH": platform.machine(), "JESSES_STAGE": str(stage)}
    return subprocess.run(
        [sys.executable, "userspace/build.py"],
        cwd=KESTREL,
        env={**os.environ, **jesses, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    stage = tmp_path_factory.mktemp("stage")
    built = build(stage)
    assert built.returncode == 0, built.stderr
    assert [path.relative_to(stage) for path in stage.rglob("*") if path.is_file()] == [Path("bin/kestrel")]
    return stage / "bin" / "kestrel"


def run(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)


def test_the_agent_knows_its_version(agent: Path) -> None:
    assert run(agent, "--version").stdout == f"kestrel {VERSION}\n"


def test_one_sample_says_what_proc_says(agent: Path, tmp_path: Path) -> None:
    last = tmp_path / "last.json"
    config = tmp_path / "kestrel.conf"
    config.write_text(f"# a comment\n\nsource = proc\nlast={last}\n", encoding="utf-8")
    printed = run(agent, "--once", "--config", config)
    assert (printed.returncode, printed.stderr) == (0, "")
    assert last.read_text(encoding="utf-8") == printed.stdout

    sample = json.loads(printed.stdout)
    meminfo = Path("/proc/meminfo").read_text(encoding="utf-8")
    processors = Path("/proc/cpuinfo").read_text(encoding="utf-8").count("processor\t")
    assert sample["source"] == "proc"
    assert sample["cpus_online"] == processors
    assert f"MemTotal:{sample['memory_total_kib']:>15} kB\n" in meminfo
    assert 0 < sample["memory_available_kib"] < sample["memory_total_kib"]
    assert [load >= 0 for load in sample["load"]] == [True] * 3


@pytest.mark.parametrize("ask", [signal.SIGTERM, signal.SIGINT])
def test_the_agent_stops_when_asked(ask: signal.Signals, agent: Path, tmp_path: Path) -> None:
    config = tmp_path / "kestrel.conf"
    config.write_text("source = proc\ninterval_ms = 10\n", encoding="utf-8")
    with subprocess.Popen([agent, "--config", config], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        sequence = [json.loads(running.stdout.readline())["sequence"] for _ in range(3)]
        running.send_signal(ask)
        assert running.wait(timeout=30) == 0
    assert sequence == [0, 1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nintervall_ms = 10", ":2: unknown key 'intervall_ms'; the keys are"),
        ("interval_ms = 9", ":1: interval_ms must be a number from 10 to 3600000, not '9'"),
        ("interval_ms = 10s", ":1: interval_ms must be a number from 10 to 3600000, not '10s'"),
        ("interval_ms = 99999999999999999999", ":1: interval_ms must be a number from 10 to 3600000"),
        ("interval_ms =", ":1: interval_ms has no value"),
        ("source = file", ":1: source must be auto, device or proc, not 'file'"),
        ("source = proc\nsource = proc", ":2: source is set twice"),
        ("last = here", ":1: last must be an absolute path, not 'here'"),
        ("source", ":1: expected 'key = value', not 'source'"),
        ("source = pr\0oc", ":1: the line holds a NUL byte"),
    ],
)
def test_a_wrong_configuration_is_refused(text: str, message: str, agent: Path, tmp_path: Path) -> None:
    config = tmp_path / "kestrel.conf"
    config.write_text(text, encoding="utf-8")
    refused = run(agent, "--once", "--config", config)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(f"kestrel: {config}{message}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--wrong"], "unknown argument '--wrong'; 'kestrel --help' lists what there is"),
        (["--config"], "--config needs a file name"),
        (["--config", "a", "--config", "b"], "--config is given twice"),
        (["--config", "/none"], "cannot open the configuration /none: No such file or directory"),
    ],
)
def test_a_wrong_command_line_is_refused(arguments: list[str], message: str, agent: Path) -> None:
    refused = run(agent, *arguments)
    assert (refused.returncode, refused.stderr) == (2, f"kestrel: {message}\n")


def test_another_device_is_not_taken_for_the_driver(agent: Path, tmp_path: Path) -> None:
    config = tmp_path / "kestrel.conf"
    config.write_text("device = /dev/null\nsource = device\n", encoding="utf-8")
    refused = run(agent, "--once", "--config", config)
    assert refused.returncode == 1
    assert "kestrel: /dev/null is not the kestrel driver" in refused.stderr

    config.write_text("device = /dev/null\n", encoding="utf-8")
    assert json.loads(run(agent, "--once", "--config", config).stdout)["source"] == "proc"


def test_what_cannot_be_printed_is_an_error(agent: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        for argument in ("--once", "--version", "--help"):
            ended = subprocess.run(
                [agent, argument], stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
            assert ended.returncode == 1
            assert "cannot write to standard output: No space left on device" in ended.stderr


def test_a_build_for_an_unknown_architecture_says_so(tmp_path: Path) -> None:
    refused = build(tmp_path, JESSES_ARCH="sparc")
    assert refused.returncode == 1
    assert refused.stderr == "userspace/build.py: JESSES_ARCH must be one of x86_64, aarch64, not 'sparc'\n"
    assert list(tmp_path.iterdir()) == []
