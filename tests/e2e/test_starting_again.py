"""Whatever a start was stopped at, or finds missing, the next start command is all that is needed."""

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from benchmarks.running_system import (
    ROOT,
    RunningSystem,
    eventually,
    family,
    give_start_command,
    own_environment,
    started,
)

SEED = 11

# A start takes five seconds here; migrations and Temporal's first are behind the second.
RANDOM = Random(SEED)
MOMENTS_SECONDS = [round(RANDOM.uniform(second, second + 1), 1) for second in range(6)]

BY_A_PERSON = {"REVIEW_MODE": "manual"}


def kill_everything(data_dir: Path) -> None:
    """Whoever is started meanwhile too: until nobody is left."""

    def nobody_is_left() -> bool:
        found = family(data_dir)
        for process in found:
            process.kill()
        return not found

    eventually(nobody_is_left, f"the end of everything in {data_dir}")


def completes(system: RunningSystem) -> bool:
    return bool(system.ended(system.place())["status"] == "completed")


@pytest.mark.slow
@pytest.mark.parametrize("seconds", MOMENTS_SECONDS)
def test_a_first_start_killed_at_any_moment_is_made_good_by_the_next(seconds: float, tmp_path: Path) -> None:
    data_dir = tmp_path / "var"
    killed = give_start_command(own_environment(data_dir))
    # The moment is what is tested: nothing announces it.
    time.sleep(seconds)
    kill_everything(data_dir)
    killed.wait()

    with started(data_dir) as system:
        assert completes(system)


def doctor(system: RunningSystem, *options: str) -> "subprocess.CompletedProcess[str]":
    command = ("./doctor", *options)
    return subprocess.run(
        command, cwd=ROOT, env=system.environment, capture_output=True, text=True, timeout=60, check=False
    )


def told_by_the_doctor(system: RunningSystem, what: str) -> Callable[[], bool]:
    def told() -> bool:
        said = doctor(system)
        return said.returncode == 1 and what in said.stdout

    return told


def without(data_dir: Path, name: str) -> None:
    for file in data_dir.glob(f"{name}*"):
        file.unlink()


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_without_temporals_database_the_doctor_takes_every_order_up(tmp_path: Path) -> None:
    with started(tmp_path, **BY_A_PERSON) as system:
        order = system.place()
        eventually(lambda: system.order(order)["stage"] == "order_validated", "an order to be reviewed")
    without(tmp_path, "temporal.db")

    with started(tmp_path, **BY_A_PERSON) as system:
        eventually(told_by_the_doctor(system, f"open without a workflow that runs: {order} "), "a finding")
        assert f"{order} was unknown to Temporal, and is taken up again" in doctor(system, "--fix").stdout
        eventually(lambda: approved(system, order), "an approval")
        assert system.ended(order)["status"] == "completed"


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_with_an_older_database_of_temporals_an_order_cancelled_since_stays_so(tmp_path: Path) -> None:
    data_dir, backup = tmp_path / "var", tmp_path / "backup"
    with started(data_dir, **BY_A_PERSON) as system:
        order = system.place()
        eventually(lambda: system.order(order)["stage"] == "order_validated", "an order to be reviewed")
    backup.mkdir()
    for file in data_dir.glob("temporal.db*"):
        shutil.copy2(file, backup)

    with started(data_dir, **BY_A_PERSON) as system:
        system.http.post(f"/orders/{order}/cancel").raise_for_status()
        assert system.ended(order)["status"] == "cancelled"
    without(data_dir, "temporal.db")
    shutil.copytree(backup, data_dir, dirs_exist_ok=True)

    with started(data_dir, **BY_A_PERSON) as system:
        eventually(told_by_the_doctor(system, f"{order} (cancelled)"), "a finding that names it")
        fixed = doctor(system, "--fix").stdout
        assert f"{order} is cancelled; its workflow is ended" in fixed
        assert "fault rolled back" not in fixed


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_without_our_database_what_ran_for_it_is_named_and_new_orders_are_served(tmp_path: Path) -> None:
    with started(tmp_path, **BY_A_PERSON) as system:
        lost = system.order(system.place())["workflow_id"]
    without(tmp_path, "orders.db")

    with started(tmp_path) as system:
        assert system.dump()["orders"] == []
        assert completes(system)
        eventually(told_by_the_doctor(system, lost), "a finding that names it")


def approved(system: RunningSystem, order: int) -> bool:
    review = {"decision": "approve", "reviewer": "Rae"}
    return system.http.post(f"/orders/{order}/review", json=review).is_success
