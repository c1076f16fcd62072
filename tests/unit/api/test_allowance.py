from api.allowance import REMEMBERED, Allowance


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_worth_may_come_at_once_and_then_one_at_a_time() -> None:
    allowance = Allowance(6, clock := Clock())

    waits = [allowance.seconds_to_wait("ada") for _ in range(8)]
    clock.now += 10
    later = [allowance.seconds_to_wait("ada") for _ in range(2)]

    assert waits == [0] * 6 + [10, 10]
    assert later == [0, 10]


def test_who_has_been_away_for_long_has_no_more_than_a_minutes_worth() -> None:
    allowance = Allowance(6, clock := Clock())
    allowance.seconds_to_wait("ada")

    clock.now += 86_400

    assert [allowance.seconds_to_wait("ada") for _ in range(7)][-2:] == [0, 10]


def test_those_who_ask_no_more_are_forgotten() -> None:
    allowance = Allowance(60, clock := Clock())
    for number in range(REMEMBERED):
        allowance.seconds_to_wait(f"stranger {number}")
    clock.now += 60

    allowance.seconds_to_wait("ada")

    assert allowance.remembered == 1
