from pathlib import Path

import pytest

from jesses.config import parse
from jesses.tasks.scaffold.facts import DriverFacts, RepositoryFacts
from jesses.tasks.scaffold.write import COPYRIGHT, files, write

FACTS = RepositoryFacts(
    name="hawk",
    summary='Watches "everything"',
    homepage="https://example.org/",
    license="Apache-2.0",
    maintainer="Ada <ada@example.org>",
    github="falco/hawk",
    tag="v{version}",
    branch="main",
    build="make",
    driver=DriverFacts(directory="driver", contract=("driver/API_VERSION",)),
    has_requirements=False,
)


def test_the_configuration_is_valid_and_says_what_was_found() -> None:
    config = parse(files(FACTS, "jesses @ x")[Path("release.toml")], origin="release.toml")
    assert config.project.github == "falco/hawk"
    assert config.components["userspace"].tag == "v{version}"
    assert config.components["driver"].contract == ("driver/API_VERSION",)
    assert config.packages["hawk"].description.startswith('Watches "everything"')
    assert config.channels["stable"].github


@pytest.mark.parametrize("has", [True, False])
def test_requirements_are_written_only_where_there_are_none(has: bool) -> None:
    facts = RepositoryFacts(**{**vars(FACTS), "has_requirements": has})
    assert (Path("requirements.txt") in files(facts, "jesses @ x")) is not has


def test_what_is_there_is_kept_unless_it_is_forced(tmp_path: Path) -> None:
    made = {COPYRIGHT: "new", Path("build"): "#!/bin/sh\n"}
    (tmp_path / "packaging").mkdir()
    (tmp_path / COPYRIGHT).write_text("theirs")
    assert write(tmp_path, made, force=False) == ([Path("build")], [COPYRIGHT])
    assert (tmp_path / COPYRIGHT).read_text() == "theirs"
    assert write(tmp_path, made, force=True) == ([COPYRIGHT, Path("build")], [])
    assert (tmp_path / COPYRIGHT).read_text() == "new"
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in made] == [0o644, 0o755]
