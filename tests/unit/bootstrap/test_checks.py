import pytest

from bootstrap.checks import commands, run_all


def test_the_lints_come_first_then_the_quick_tests() -> None:
    assert commands([]) == [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("pytest", "-n", "2", "-m", "not slow"),
    ]


def test_all_means_the_slow_tests_too() -> None:
    assert commands(["--all"])[-1] == ("pytest", "-n", "2")


def test_other_arguments_are_pytest_s() -> None:
    assert commands(["--all", "tests/unit", "-k", "a name"])[-1] == (
        "pytest", "-n", "2", "tests/unit", "-k", "a name",
    )  # fmt: skip


def test_when_all_pass_the_exit_code_is_0() -> None:
    ran: list[tuple[str, ...]] = []

    def run(command: tuple[str, ...]) -> int:
        ran.append(command)
        return 0

    assert run_all([("one",), ("two",)], run) == 0
    assert ran == [("one",), ("two",)]


def test_the_first_that_fails_ends_it_with_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_all([("good",), ("bad",), ("never",)], lambda command: 5 * (command == ("bad",))) == 5

    told = capsys.readouterr().out
    assert "good: ok" in told
    assert "bad: failed" in told
    assert "never" not in told
