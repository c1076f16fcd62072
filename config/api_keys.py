"""Whose keys open the API, and how far: `python -m config.api_keys OWNER SCOPE...` makes one."""

import re
import secrets
import sys
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

# OWNER=SCOPE,SCOPE=DIGEST. A key is long and random, so its digest can be kept where others might read it.
HOLDER = re.compile(r"([A-Za-z0-9._-]{1,60})=([a-z:,]+)=([0-9a-f]{64})")

HOW_TO_MAKE_ONE = "OWNER=SCOPE,SCOPE=DIGEST, as made by: python -m config.api_keys OWNER SCOPE..."

EXIT_BAD_ARGUMENTS = 2


class Scope(StrEnum):
    """What a key opens: reading and telling its owner's orders; with ADMIN everything of everybody."""

    READ = "orders:read"
    WRITE = "orders:write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHolder:
    """Somebody with a key, of which only the digest is known here."""

    owner: str
    scopes: frozenset[Scope]
    digest: str

    def __str__(self) -> str:
        scopes = ",".join(sorted(self.scopes))
        return f"{self.owner}={scopes}={self.digest}"


def digest_of(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def read_holders(text: str) -> tuple[KeyHolder, ...]:
    """Return the holders named in `text`, blanks between them; raises ValueError, which repeats no key."""
    return tuple(_read_holder(number, word) for number, word in enumerate(text.split(), start=1))


def new_key(owner: str, scopes: frozenset[Scope]) -> tuple[str, KeyHolder]:
    """Return a key that nobody else has, and its holder."""
    key = secrets.token_urlsafe(32)
    return key, KeyHolder(owner=owner, scopes=scopes, digest=digest_of(key))


def _read_holder(number: int, word: str) -> KeyHolder:
    found = HOLDER.fullmatch(word)
    if found is None:
        raise ValueError(f"entry {number} is not {HOW_TO_MAKE_ONE}")
    owner, scopes, digest = found.groups()
    try:
        return KeyHolder(owner=owner, scopes=frozenset(map(Scope, scopes.split(","))), digest=digest)
    except ValueError:
        known = ", ".join(Scope)
        raise ValueError(f"entry {number} has a scope that is none of {known}") from None


def main(arguments: list[str]) -> None:
    """Print a new key, this once, and what to add to the settings for it."""
    try:
        owner, *scopes = arguments
        key, holder = new_key(owner, frozenset(map(Scope, scopes)))
        read_holders(str(holder))
    except ValueError:
        print(f"python -m config.api_keys OWNER SCOPE..., of {', '.join(Scope)}", file=sys.stderr)
        raise SystemExit(EXIT_BAD_ARGUMENTS) from None
    print(f"The key, shown this once:\n{key}\nAdd to API_KEYS in .env, after a blank:\n{holder}")


if __name__ == "__main__":
    main(sys.argv[1:])
