"""A process that starts everything and then waits to be killed: `DATA_DIR TEMPORAL_PORT UI_PORT WORKERS`."""

import asyncio
import sys
from pathlib import Path

from supervisor.supervisor import Supervisor
from tests.integration.supervisor.town import settings_for, stand_ins


async def own(data_dir: Path, temporal_port: int, ui_port: int, workers: int) -> None:
    """Say when all is ready, and stay."""
    settings = settings_for(data_dir, temporal_port, ui_port)
    await Supervisor(settings, workers=stand_ins(temporal_port)[:workers]).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(own(Path(sys.argv[1]), *map(int, sys.argv[2:])))
