"""Who asks, and how far their key reaches."""

from dataclasses import dataclass
from hmac import compare_digest
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import Headers

from api.errors import ApiError
from config.api_keys import KeyHolder, Scope, digest_of
from domain.orders import ANYBODY

API_KEY_HEADER = "X-API-Key"
BEARER = "bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Whose orders are meant, and what may be done."""

    owner: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes or Scope.ADMIN in self.scopes

    @property
    def only_owner(self) -> str | None:
        """Whose orders alone are there for them; None: everybody's."""
        return None if Scope.ADMIN in self.scopes else self.owner


# Without keys, whoever reaches us is on this machine and may do everything.
EVERYBODY = Asker(owner=ANYBODY, scopes=frozenset(Scope))


class InsufficientScope(ApiError):
    """The key is good, but not for this."""

    status = HTTPStatus.FORBIDDEN
    code = "INSUFFICIENT_SCOPE"

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"this needs a key with the scope {scope}")


def recognise(headers: Headers, holders: tuple[KeyHolder, ...]) -> Asker | None:
    """Return who sent the key, in a time that says nothing about any key; None for a stranger."""
    digest = digest_of(_key_in(headers))
    known = [holder for holder in holders if compare_digest(holder.digest, digest)]
    return Asker(owner=known[0].owner, scopes=known[0].scopes) if known else None


def _key_in(headers: Headers) -> str:
    authorization = headers.get("authorization", "")
    bearer = authorization[len(BEARER) :] if authorization.lower().startswith(BEARER) else ""
    return headers.get(API_KEY_HEADER, bearer).strip()


async def _asker(request: Request) -> Asker:
    asker: Asker = request.state.asker
    return asker


TheAsker = Annotated[Asker, Depends(_asker)]


def needs(scope: Scope) -> Any:
    """Return what turns away whoever's key does not reach as far as `scope`."""

    async def check(asker: TheAsker) -> None:
        if not asker.may(scope):
            raise InsufficientScope(scope)

    return Depends(check)
