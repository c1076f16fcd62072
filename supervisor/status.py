"""What runs, as `GET /server` tells it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

API = "api"
TEMPORAL = "temporal"


class ComponentState(StrEnum):
    """How one component is doing.

    `starting` is alive but not proven to work; `unreachable` worked and no longer answers; `backing_off` died
    before it worked and is tried again later; `unwatched` is alive, but not looked after by this process.
    """

    READY = "ready"
    STARTING = "starting"
    UNREACHABLE = "unreachable"
    BACKING_OFF = "backing_off"
    UNWATCHED = "unwatched"
    STOPPED = "stopped"


class ServerState(StrEnum):
    """How the whole is doing; `degraded` means that something that worked, or should, does not."""

    READY = "ready"
    STARTING = "starting"
    DEGRADED = "degraded"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """`address` is host:port, None for a worker; `pid` is None for what runs elsewhere or not at all.

    `detail` is a sentence for people when there is something to explain.
    """

    name: str
    state: ComponentState
    pid: int | None = None
    address: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """The whole and its parts: the API first, then in the order in which they are started."""

    state: ServerState
    components: Sequence[Component]

    def component(self, name: str) -> Component:
        """The component of that name; raises KeyError if there is none."""
        for component in self.components:
            if component.name == name:
                return component
        raise KeyError(name)


def summarize(
    components: Sequence[Component], *, watched: bool, starting: bool, stopping: bool
) -> ServerState:
    """Sum up the components other than the API, which is up whenever it answers."""
    others = [component for component in components if component.name != API]
    if stopping:
        return ServerState.STOPPING
    if all(component.state is ComponentState.READY for component in others):
        return ServerState.READY
    if starting:
        return ServerState.STARTING
    nothing_runs = all(component.pid is None for component in others)
    return ServerState.STOPPED if nothing_runs and not watched else ServerState.DEGRADED


def remote_temporal(address: str, *, missing: str | None) -> Component:
    """A Temporal server that is somebody else's, never started or stopped by us; `missing`: what it lacks."""
    state = ComponentState.UNREACHABLE if missing else ComponentState.READY
    return Component(name=TEMPORAL, state=state, address=address, detail=missing)


def remote_worker(name: str, polling: Collection[str]) -> Component:
    """A worker that nobody here looks after: it works if somebody, anywhere, polls its queue."""
    if polling:
        return Component(
            name=name, state=ComponentState.READY, detail=f"polled by {', '.join(sorted(polling))}"
        )
    return Component(name=name, state=ComponentState.STOPPED, detail="nobody polls its queue")
