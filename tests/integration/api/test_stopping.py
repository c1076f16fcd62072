"""What was started is stopped, though something else fell over in the meantime."""

from pathlib import Path

from config.settings import load_settings
from main import create_app
from supervisor.status import ServerState, ServerStatus


class ClumsyProcesses:
    """Cannot be started, and says whether it was stopped."""

    def __init__(self) -> None:
        self.was_stopped = False

    async def start(self) -> ServerStatus:
        raise OSError("no space left on device")

    async def stop(self) -> ServerStatus:
        self.was_stopped = True
        return await self.status()

    async def status(self) -> ServerStatus:
        return ServerStatus(state=ServerState.STOPPED, components=[])


async def test_processes_are_stopped_though_their_start_failed_unexpectedly(tmp_path: Path) -> None:
    processes = ClumsyProcesses()
    app = create_app(load_settings({"DATA_DIR": str(tmp_path)}, Path("none")), processes)

    async with app.router.lifespan_context(app):
        pass

    assert processes.was_stopped
