from itertools import islice

import pytest

from benchmarks.pauses import growing


def test_who_waits_longer_looks_less_often_but_never_gives_up_looking() -> None:
    pauses = list(islice(growing(0.1, 1.0), 100))
    assert pauses[:3] == pytest.approx([0.1, 0.125, 0.15625])
    assert pauses == sorted(pauses)
    assert pauses[-1] == 1.0
