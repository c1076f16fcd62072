"""A worker's identity tells whether it can still be there."""

import os
import subprocess
import sys

import pytest

from engine.pollers import has_ended_here, worker_identity


def pid_of_the_dead() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_worker_of_this_machine_is_there_as_long_as_its_process() -> None:
    assert not has_ended_here(worker_identity("order-worker", os.getpid()))
    assert has_ended_here(worker_identity("order-worker", pid_of_the_dead()))


@pytest.mark.parametrize("identity", ["order-worker/{}@elsewhere", "{}@elsewhere", "somebody", ""])
def test_of_others_nothing_is_known(identity: str) -> None:
    assert not has_ended_here(identity.format(pid_of_the_dead()))
