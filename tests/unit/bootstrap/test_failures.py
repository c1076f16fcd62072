import pytest

from bootstrap.failures import SetupFailed, in_one_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (SetupFailed("Python is too old"), "Python is too old"),
        (
            PermissionError(13, "Permission denied", ".env"),
            "Cannot be set up here: [Errno 13] Permission denied: '.env'",
        ),
    ],
)
def test_what_the_machine_lacks_ends_with_one_line(error: Exception, line: str) -> None:
    with pytest.raises(SystemExit) as ended, in_one_line():
        raise error

    assert ended.value.code == line


def test_ctrl_c_ends_with_its_own_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, in_one_line():
        raise KeyboardInterrupt

    assert ended.value.code == 130
    assert "run it again" in capsys.readouterr().err


def test_a_mistake_of_ours_stays_loud() -> None:
    with pytest.raises(KeyError), in_one_line():
        raise KeyError("a bug")
