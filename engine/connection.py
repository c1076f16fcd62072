"""One way for every process to connect to Temporal."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime
from temporalio.service import RPCError

from config.settings import Settings

log = logging.getLogger(__name__)

# How often a process that waits for its server knocks again.
KNOCK_EVERY = timedelta(seconds=0.25)


def temporal_address(settings: Settings) -> str:
    """Where the server listens: the embedded one, or what TEMPORAL_* names."""
    if settings.uses_embedded_temporal:
        return f"127.0.0.1:{settings.temporal_port}"
    return str(_configured(settings).get("target_host", "127.0.0.1:7233"))


async def connect(
    settings: Settings, *, identity: str | None = None, runtime: Runtime | None = None
) -> Client:
    """Return a client of the embedded server, or of the one TEMPORAL_* names.

    Raises RuntimeError when the server does not answer.
    """
    options = {} if settings.uses_embedded_temporal else _configured(settings)
    return await Client.connect(
        **{"target_host": temporal_address(settings), **options},
        data_converter=pydantic_data_converter,
        identity=identity,
        runtime=runtime,
    )


async def connect_with_patience(
    settings: Settings, *, identity: str | None = None, runtime: Runtime | None = None
) -> Client:
    """Like connect, but waits for a server that is not up yet."""
    address, said = temporal_address(settings), False
    while True:
        try:
            return await connect(settings, identity=identity, runtime=runtime)
        except (RuntimeError, RPCError):
            if not said:
                log.info("engine.awaited", extra={"address": address})
                said = True
            await asyncio.sleep(KNOCK_EVERY.total_seconds())


def _configured(settings: Settings) -> dict[str, Any]:
    return dict(ClientConfig.load_client_connect_config(override_env_vars=settings.temporal_environment))
