"""A key is shown once; what is kept of it opens nothing."""

import pytest

from config.api_keys import Scope, digest_of, main, read_holders


def test_a_new_key_is_known_by_what_is_to_be_added_to_the_settings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["ada", "orders:read", "orders:write"])

    _, key, _, entry = capsys.readouterr().out.splitlines()
    (holder,) = read_holders(entry)
    assert (holder.owner, holder.scopes) == ("ada", frozenset({Scope.READ, Scope.WRITE}))
    assert holder.digest == digest_of(key)
    assert key not in entry


def test_every_key_is_another_and_long(capsys: pytest.CaptureFixture[str]) -> None:
    main(["ada", "admin"])
    main(["ada", "admin"])

    lines = capsys.readouterr().out.splitlines()
    assert lines[1] != lines[5]
    assert min(len(lines[1]), len(lines[5])) >= 43


@pytest.mark.parametrize("arguments", [[], ["ada"], ["ada", "root"], ["a b", "admin"]])
def test_who_asks_for_a_key_wrongly_is_told_how(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)

    assert "OWNER SCOPE" in capsys.readouterr().err
