"""Whether a port is free, and who has it."""

import errno
import socket
import sys
from contextlib import ExitStack, closing

import psutil

from domain.refusals import Refusal


class PortTaken(Refusal):
    """A stranger listens where one of ours is to listen."""

    code = "PORT_TAKEN"

    def __init__(self, setting_name: str, complaint: str) -> None:
        super().__init__(f"{complaint}; end that program or set {setting_name} to another port")


def find_stranger(host: str, port: int) -> str | None:
    """Return a sentence that names who keeps `port` of `host` from being listened on; None if it is free."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(family, kind, protocol)) as trial:
            _ask_as_a_server_does(trial)
            trial.bind(address)
            trial.listen()
    except OSError as error:
        # Windows calls it a lack of permission when somebody else's server wants the port for itself.
        holder = _holder(port) if error.errno in (errno.EADDRINUSE, errno.EACCES) else None
        if holder:
            return f"port {port} is taken by {holder}"
        return f"port {port} of {host} cannot be listened on: {error.strerror}"
    return None


def free_port() -> int:
    """Return a port of the loopback interface that nobody listened on a moment ago."""
    (port,) = free_ports(1)
    return port


def free_ports(count: int) -> list[int]:
    """Return so many of them, no two alike."""
    with ExitStack() as held:
        trials = [held.enter_context(closing(socket.socket())) for _ in range(count)]
        for trial in trials:
            trial.bind(("127.0.0.1", 0))
        return [trial.getsockname()[1] for trial in trials]


def _ask_as_a_server_does(trial: socket.socket) -> None:
    # On Windows SO_REUSEADDR would take the port from whoever has it; elsewhere, without it, the last
    # connections of a server that has just ended would count as a stranger.
    if sys.platform == "win32":
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


def listener_on(port: int) -> int | None:
    """Return the pid of who listens on `port`; None if nobody does, or the system does not tell."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.Error:  # macOS tells this to root only
        return None
    for connection in connections:
        listens_there = connection.laddr and connection.laddr.port == port
        if listens_there and connection.status == psutil.CONN_LISTEN and connection.pid:
            return connection.pid
    return None


def _holder(port: int) -> str | None:
    pid = listener_on(port)
    return None if pid is None else f"{_name(pid)} (pid {pid})"


def _name(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return "a program"
