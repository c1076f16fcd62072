"""How a process connects to the embedded server, and to one elsewhere."""

from typing import Any

import pytest
from temporalio.client import Client
from temporalio.service import GrpcCompression

from config.settings import Settings
from engine.connection import connect


@pytest.fixture
def asked_for(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the client was asked to connect with; nobody is connected to."""
    asked: dict[str, Any] = {}

    async def note(**options: Any) -> None:
        asked.update(options)

    monkeypatch.setattr(Client, "connect", note)
    return asked


async def test_nothing_is_packed_on_the_way_to_the_embedded_server(asked_for: dict[str, Any]) -> None:
    await connect(Settings(temporal_port=7299))

    assert asked_for["target_host"] == "127.0.0.1:7299"
    assert asked_for["grpc_compression"] is GrpcCompression.NONE


async def test_a_server_elsewhere_is_spoken_to_as_the_sdk_does(asked_for: dict[str, Any]) -> None:
    await connect(Settings(temporal_environment={"TEMPORAL_ADDRESS": "far:7233"}))

    assert asked_for["target_host"] == "far:7233"
    assert "grpc_compression" not in asked_for
