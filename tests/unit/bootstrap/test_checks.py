import pytest

from bootstrap.checks import Command, chosen_tests, run_all


def test_without_arguments_the_quick_tests_run() -> None:
    assert chosen_tests([]) == ("pytest", "-n", "2", "-m", "not slow")


def test_all_means_the_slow_tests_too() -> None:
    assert chosen_tests(["--all"]) == ("pytest", "-n", "2")


def test_other_arguments_are_pytest_s() -> None:
    assert chosen_tests(["--all", "tests/unit", "-k", "a name"]) == (
        "pytest",
        "-n",
        "2",
        "tests/unit",
        "-k",
        "a name",
    )


def test_when_all_pass_the_exit_code_is_0() -> None:
    ran: list[Command] = []

    def run(command: Command) -> int:
        ran.append(command)
        return 0

    assert run_all([("one",), ("two",)], [("three",), ("four",)], run) == 0
    assert ran[:2] == [("one",), ("two",)]
    assert sorted(ran[2:]) == [("four",), ("three",)]


def test_the_first_that_fails_ends_it_with_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_all([("good",), ("bad",)], [("never",)], lambda command: 5 * (command == ("bad",))) == 5

    told = capsys.readouterr().out
    assert "good: ok" in told
    assert "bad: failed" in told
    assert "never" not in told


def test_of_those_side_by_side_all_end_and_one_that_fails_is_a_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_all([], [("good",), ("bad",)], lambda command: 7 * (command == ("bad",))) == 7

    assert "good: ok" in capsys.readouterr().out
