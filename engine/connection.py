"""One way for every process to connect to Temporal."""

import asyncio
import logging
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.service import GrpcCompression, RPCError

from config.settings import BadSettings, Settings, load_settings
from engine.correlation import Correlation
from engine.needs import what_is_missing
from engine.payloads import data_converter
from engine.tracing import check_tracing, tracing_interceptors

log = logging.getLogger(__name__)

EXIT_BAD_SETTINGS = 2

# Across the loopback of one machine nothing is won by packing what is sent: it is work at both ends.
EMBEDDED: dict[str, Any] = {"grpc_compression": GrpcCompression.NONE}

# How soon a process that waits for its server knocks again. Our own is up within seconds; at somebody else's,
# which may be away for long and count who asks, it knocks less and less often.
KNOCK_AGAIN_AFTER = timedelta(seconds=0.25)
LONGEST_PAUSE = timedelta(seconds=4)


def temporal_address(settings: Settings) -> str:
    """Where the server listens: the embedded one, or what TEMPORAL_* names."""
    if settings.uses_embedded_temporal:
        return f"127.0.0.1:{settings.temporal_port}"
    return str(_configured(settings).get("target_host", "127.0.0.1:7233"))


async def connect(settings: Settings, *, identity: str | None = None) -> Client:
    """Return a client of the embedded server, or of the one TEMPORAL_* names.

    Raises RuntimeError when the server does not answer.
    """
    options = EMBEDDED if settings.uses_embedded_temporal else _configured(settings)
    return await Client.connect(
        **{"target_host": temporal_address(settings), **options},
        data_converter=data_converter(settings.payload_keys),
        interceptors=[*tracing_interceptors(settings), Correlation()],
        identity=identity,
    )


async def connect_with_patience(settings: Settings, *, identity: str | None = None) -> Client:
    """Like connect, but waits for a server that is not up yet, or that lacks what we need."""
    address, said, pause = temporal_address(settings), None, KNOCK_AGAIN_AFTER
    while True:
        try:
            client = await connect(settings, identity=identity)
            missing = await what_is_missing(client)
        except (RuntimeError, RPCError) as error:
            missing = first_line(error)
        else:
            if missing is None:
                return client
        if missing != said:
            log.info("engine.awaited", extra={"address": address, "why": missing})
            said = missing
        await asyncio.sleep(pause.total_seconds())
        if not settings.uses_embedded_temporal:
            pause = min(2 * pause, LONGEST_PAUSE)


def first_line(error: Exception) -> str:
    """What the SDK says first; below it stand whole chains of causes."""
    return str(error).partition("\n")[0]


def settings_or_exit() -> Settings:
    """Return the settings; a mistake in them ends the process with 2 and one line a mistake."""
    try:
        settings = load_settings()
        check_configuration(settings)
    except BadSettings as mistakes:
        print(mistakes, file=sys.stderr)
        raise SystemExit(EXIT_BAD_SETTINGS) from None
    return settings


def check_configuration(settings: Settings) -> None:
    """What OTEL_* ask for is there; so are the files that TEMPORAL_* name, and all they say makes sense.

    Raises BadSettings.
    """
    check_tracing(settings)
    if settings.uses_embedded_temporal:
        return
    named = settings.temporal_environment.get("TEMPORAL_CONFIG_FILE")
    if named and not Path(named).is_file():
        raise BadSettings([f"TEMPORAL_CONFIG_FILE: there is no file {named}"])
    try:
        configured = _configured(settings)
    # The SDK's reader has an error of its own that it does not export.
    except (OSError, RuntimeError, ValueError) as error:
        raise BadSettings([f"TEMPORAL_*: {first_line(error)}"]) from None
    if "target_host" not in configured:
        raise BadSettings(["TEMPORAL_ADDRESS: neither it nor the profile says where the server is"])


def _configured(settings: Settings) -> dict[str, Any]:
    return dict(ClientConfig.load_client_connect_config(override_env_vars=settings.temporal_environment))
