"""A run under fire goes on where it was stopped, and only as it was begun."""

from pathlib import Path

import pytest

from benchmarks.chaos.record import AnotherRun, take_up

RUN = {"seed": 1, "orders": 100, "faults": 12, "still_open": 5}


def test_a_run_that_was_kept_goes_on(tmp_path: Path) -> None:
    begun = take_up(tmp_path, **RUN)
    begun.seconds = 7.5
    begun.found.append("A4 order=1 in a dump: M1 order=1 2 charges instead of 1")
    begun.visits_under_way.append(7)
    begun.keep()

    assert take_up(tmp_path, **RUN) == begun


@pytest.mark.parametrize("other", RUN)
def test_another_run_is_not_mixed_in(tmp_path: Path, other: str) -> None:
    take_up(tmp_path, **RUN).keep()

    with pytest.raises(AnotherRun):
        take_up(tmp_path, **{**RUN, other: 99})
