"""Services that speak the API of S3, on loopback: moto, and ministack, which checks the digests of uploads."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from tests.engines.daemons import daemon

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

REGION = "us-east-1"
SESSION = boto3.session.Session(aws_access_key_id="tests", aws_secret_access_key="tests", region_name=REGION)


@contextmanager
def moto(directory: Path) -> Iterator[str]:
    """The URL of a moto server: S3, CloudFront and more."""
    port = free_port()
    argv = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
    with daemon(*argv, log=directory / "moto.log", ready=lambda: listens(port)):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def ministack(directory: Path) -> Iterator[str]:
    """The URL of a ministack with S3 alone; its MQTT would listen beyond loopback."""
    port = free_port()
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": "s3",
        "IOT_MTLS_ENABLED": "0",
    }
    argv = (sys.executable, "-m", "ministack")
    with daemon(
        *argv, log=directory / "ministack.log", ready=lambda: listens(port), env={**os.environ, **settings}
    ):
        yield f"http://127.0.0.1:{port}"


SERVICES = {"moto": moto, "ministack": ministack}


def client(url: str, *, attempts: int = 3, patience: float = 30) -> "S3Client":
    """A client that gives up after `attempts`, each of at most `patience` seconds."""
    return SESSION.client(
        "s3",
        endpoint_url=url,
        config=Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"mode": "standard", "max_attempts": attempts},
            connect_timeout=patience,
            read_timeout=patience,
        ),
    )


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0
