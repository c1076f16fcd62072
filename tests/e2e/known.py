"""Who may ask the system of the security tests, and what must leave it nowhere."""

import base64
import secrets

from config.api_keys import KeyHolder, Scope, new_key


class Known:
    """Two owners, one of them with a key that only reads, an admin, and the key to what Temporal keeps."""

    def __init__(self) -> None:
        owners = frozenset({Scope.READ, Scope.WRITE})
        self.ada, ada = new_key("ada", owners)
        self.bob, bob = new_key("bob", owners)
        self.reader, adas_reader = new_key("ada", frozenset({Scope.READ}))
        self.admin, ops = new_key("ops", frozenset({Scope.ADMIN}))
        self.holders: tuple[KeyHolder, ...] = (ada, adas_reader, bob, ops)
        self.payload_key = base64.b64encode(secrets.token_bytes(32)).decode()

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.ada, self.reader, self.bob, self.admin, self.payload_key
