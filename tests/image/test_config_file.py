import json
from typing import Any

import pytest

from jesses.base.errors import FormatError
from jesses.image.config_file import ConfigFile, RootFs, parse_config

DIGEST = f"sha256:{'0f' * 32}"
FIELDS: dict[str, Any] = {
    "variant": "v8",
    "created": "2026-01-01T00:00:00Z",
    "architecture": "arm64",
    "os": "linux",
    "config": {"Cmd": ["sh"], "StopSignal": "SIGINT"},
    "rootfs": {"type": "layers", "diff_ids": [DIGEST]},
    "history": [{"created_by": "somebody", "empty_layer": True}],
}


def test_what_is_read_is_what_is_written() -> None:
    config = parse_config(json.dumps(FIELDS).encode(), name="debian")
    assert config.arch == "aarch64"
    assert config.rootfs.diff_ids == (DIGEST,)
    assert json.dumps(config.document()) == json.dumps(FIELDS)


def test_what_nobody_said_is_left_out() -> None:
    config = parse_config(b'{"architecture":"s390x","os":"linux","rootfs":{},"author":"me"}', name="debian")
    assert config == ConfigFile(architecture="s390x", os="linux", rootfs=RootFs())
    assert config.arch is None
    assert set(config.document()) == {"architecture", "os", "config", "rootfs", "history"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "truncated"),
        (b"{}", "missing required field"),
        (json.dumps({**FIELDS, "rootfs": {"diff_ids": ["sha256:x"]}}).encode(), r"rootfs\.diff_ids"),
        (json.dumps({**FIELDS, "history": "x"}).encode(), "history"),
        (json.dumps({**FIELDS, "config": {"Env": "PATH=/bin"}}).encode(), "Env"),
        (json.dumps({**FIELDS, "config": {"Labels": {"a": 1}}}).encode(), "Labels"),
        (b'{"config":{"a":' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_configuration_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=f"the configuration of debian is not as .*{message}") as refusal:
        parse_config(data, name="debian")
    assert refusal.value.fix
