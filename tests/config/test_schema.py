import json

from jesses.config.schema import json_schema
from tests.support.paths import ROOT


def test_the_schema_in_the_documentation_is_that_of_the_models() -> None:
    written = json.loads((ROOT / "docs" / "release.schema.json").read_text())
    made = json.loads(json.dumps(json_schema()))
    assert written == made, "run: ./inv schema > docs/release.schema.json"
