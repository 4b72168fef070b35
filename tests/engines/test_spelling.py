"""The order of spellings, asked of what decides on a user's machine: dpkg, apt, rpm and dnf."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cmp_to_key
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from semver import Version

from jesses.base.naming import spelling
from tests.engines.engines import Engine, require, run
from tests.support.version_order import dpkg_order, rpm_order, versions

Pairs = Sequence[tuple[str, str]]

PAIRS = 20_000
COUNT, EXAMPLES = 66, 10
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


def _lines(pairs: Pairs) -> str:
    return "".join(f"{one} {other}\n" for one, other in pairs)


def _signs(output: str) -> list[int]:
    return [(int(line) > 0) - (int(line) < 0) for line in output.split()]


def dpkg(pairs: Pairs) -> list[int]:
    """One process for each comparison, so the pairs are shared out to all cores."""
    script = (
        "while read -r one other; do"
        ' if dpkg --compare-versions "$one" lt "$other"; then echo -1;'
        ' elif dpkg --compare-versions "$one" gt "$other"; then echo 1; else echo 0; fi; done'
    )
    parts = [pairs[start :: os.cpu_count()] for start in range(os.cpu_count() or 1)]
    with ThreadPoolExecutor() as pool:
        results = list(
            pool.map(lambda part: _signs(run("sh", "-c", script, stdin=_lines(part)).stdout), parts)
        )
    return [results[at % len(parts)][at // len(parts)] for at in range(len(pairs))]


def apt(pairs: Pairs) -> list[int]:
    """libapt-pkg, which chooses upgrades, has a comparison of its own."""
    script = (
        "$_config->init; my $versions = ($_system = $_config->system)->versioning;"
        ' while (<STDIN>) { my ($one, $other) = split; print $versions->compare($one, $other), "\n"; }'
    )
    modules = ("-MAptPkg::Config=$_config", "-MAptPkg::System=$_system")
    return _signs(run("perl", *modules, "-e", script, stdin=_lines(pairs)).stdout)


def rpm(pairs: Pairs) -> list[int]:
    script = (
        "for line in io.lines() do local gap = line:find(' ');"
        " io.write(rpm.vercmp(line:sub(1, gap - 1), line:sub(gap + 1)), ' ') end"
    )
    return _signs(run("rpm", "--eval", f"%{{lua: {script}}}", stdin=_lines(pairs)).stdout)


def dnf(pairs: Pairs) -> list[int]:
    """libsolv, which chooses upgrades, has a comparison of its own."""
    script = (
        "import sys, hawkey; sack = hawkey.Sack()\n"
        "for line in sys.stdin: print(sack.evr_cmp(*(version + '-1' for version in line.split())))"
    )
    return _signs(run("/usr/bin/python3", "-c", script, stdin=_lines(pairs)).stdout)


def can_run(*argv: str) -> Callable[[], str | None]:
    def probe() -> str | None:
        return None if run(*argv, check=False).returncode == 0 else f"{argv[0]} cannot run {argv[-1]}"

    return probe


Tool = Callable[[Pairs], list[int]]
TOOLS: dict[str, tuple[Engine, Tool, Callable[[Version], str]]] = {
    "dpkg": (Engine(name="dpkg", commands=("dpkg",)), dpkg, spelling.deb),
    "apt": (
        Engine(name="apt", commands=("perl",), probe=can_run("perl", "-MAptPkg::Version", "-e1")),
        apt,
        spelling.deb,
    ),
    "rpm": (Engine(name="rpm", commands=("rpm",)), rpm, spelling.rpm),
    "dnf": (
        Engine(name="dnf", commands=("dnf",), probe=can_run("/usr/bin/python3", "-c", "import hawkey")),
        dnf,
        spelling.rpm,
    ),
}


@pytest.fixture(params=TOOLS)
def tool(request: pytest.FixtureRequest) -> tuple[Tool, Callable[[Version], str]]:
    engine, compare, spell = TOOLS[request.param]
    require(engine)
    return compare, spell


def chains() -> st.SearchStrategy[list[Version]]:
    """Versions from the lowest to the highest, no two equal to SemVer."""
    different = st.lists(
        versions(), min_size=COUNT, max_size=COUNT, unique_by=lambda version: str(version.replace(build=None))
    )
    return different.map(lambda drawn: sorted(drawn, key=cmp_to_key(Version.compare)))


def test_the_order_is_semvers(tool: tuple[Tool, Callable[[Version], str]]) -> None:
    compare, spell = tool
    compared = 0

    # Without shrinking: one failing chain names its pairs, and each run of dpkg takes a while.
    @settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.generate], suppress_health_check=SLOW)
    @given(chain=chains())
    def check(chain: list[Version]) -> None:
        nonlocal compared
        pairs = list(combinations(chain, 2))
        results = compare([(spell(lower), spell(higher)) for lower, higher in pairs])
        wrong = [
            f"{lower} < {higher}, but {spell(lower)} and {spell(higher)} give {result}"
            for (lower, higher), result in zip(pairs, results, strict=True)
            if result != -1
        ]
        assert wrong == []
        compared += len(pairs)

    check()
    assert compared >= PAIRS


TEXTS = st.text(alphabet="aBz019.+~", max_size=8).map("1{}".format)


@settings(max_examples=20, deadline=None, suppress_health_check=SLOW)
@given(pairs=st.lists(st.tuples(TEXTS, TEXTS), min_size=50, max_size=50))
@pytest.mark.parametrize("name", TOOLS)
def test_the_models_of_the_unit_tests_compare_like_the_tools(name: str, pairs: Pairs) -> None:
    engine, compare, spell = TOOLS[name]
    require(engine)
    model = dpkg_order if spell is spelling.deb else rpm_order
    assert compare(pairs) == [model(*pair) for pair in pairs]


UNUSUAL = ("0.40.0", "0.40.0-12+abc1234-driver", "1.0.0-alpha", "7.1.0+driver-rc1", "1.0.0-x-y.7.--+--.a")


@pytest.mark.parametrize("text", UNUSUAL)
def test_dpkg_and_rpm_take_the_spellings(text: str, tmp_path: Path) -> None:
    for engine, _, _ in TOOLS.values():
        require(engine)
    version = Version.parse(text)
    run("dpkg", "--validate-version", spelling.deb(version))
    spec = tmp_path / "kestrel.spec"
    spec.write_text(f"Name: kestrel\nVersion: {spelling.rpm(version)}\nRelease: 1\n{SPEC}")
    asked = run("rpmspec", "--query", "--queryformat=%{VERSION}", spec)
    assert (asked.stdout, asked.stderr) == (spelling.rpm(version), "")


SPEC = "Summary: a bird\nLicense: MIT\nBuildArch: noarch\n%description\nA bird.\n%files\n"
