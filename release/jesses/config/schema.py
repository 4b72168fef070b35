"""The JSON Schema of `release.toml`."""

from typing import Any

from msgspec import json

from jesses.config.models import Config


def json_schema() -> dict[str, Any]:
    """What editors check `release.toml` with; `docs/release.schema.json` is a copy."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **json.schema(Config)}
