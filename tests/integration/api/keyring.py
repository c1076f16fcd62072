"""Owners with keys, and an API that knows them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.api_keys import Scope, new_key
from tests.integration.api.backroom import Backroom
from tests.integration.api.caller import Caller
from tests.integration.api.conftest import an_api, over, ready
from tests.integration.api.processes import MadeUpProcesses

OF_AN_OWNER = (Scope.READ, Scope.WRITE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """Callers of one API: two owners, one who only reads as the first of them, the admin, and a stranger."""

    ada: Caller
    bob: Caller
    adas_reader: Caller
    admin: Caller
    stranger: Caller
    keys: dict[str, str]

    @property
    def url(self) -> str:
        return self.stranger.url


WHO = {
    "ada": ("ada", OF_AN_OWNER),
    "bob": ("bob", OF_AN_OWNER),
    "adas_reader": ("ada", (Scope.READ,)),
    "admin": ("ops", (Scope.ADMIN,)),
}


class Keys:
    """Those of all who are known, made anew."""

    def __init__(self) -> None:
        made = {name: new_key(owner, frozenset(scopes)) for name, (owner, scopes) in WHO.items()}
        self.holders = tuple(holder for _, holder in made.values())
        self.by_name = {name: key for name, (key, _) in made.items()}


@contextmanager
def a_keyring(url: str, keys: Keys) -> Iterator[Keyring]:
    """Callers of the API at `url`, which knows the keys' holders."""
    with ExitStack() as open_ones:
        callers = {name: Caller(url, key=key) for name, key in keys.by_name.items()}
        stranger = Caller(url)
        for caller in (stranger, *callers.values()):
            open_ones.callback(caller.http.close)
        yield Keyring(stranger=stranger, keys=keys.by_name, **callers)


@contextmanager
def a_keyed_api(folder: Path, backroom: Backroom) -> Iterator[Keyring]:
    """Those with keys of an API that asks for them, over this backroom."""
    keys = Keys()
    opened = an_api(folder, MadeUpProcesses(), api_keys=keys.holders, **over(backroom))
    with opened as caller, a_keyring(ready(caller).url, keys) as ring:
        yield ring
