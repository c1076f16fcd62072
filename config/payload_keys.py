"""The keys that what Temporal keeps is encrypted with: `python -m config.payload_keys` makes one."""

import base64
import secrets

KEY_BYTES = 32


def read_payload_keys(text: str) -> tuple[bytes, ...]:
    """Return the keys in `text`, the one to encrypt with first; raises ValueError, which repeats none."""
    return tuple(_read_key(number, word) for number, word in enumerate(text.split(), start=1))


def _read_key(number: int, word: str) -> bytes:
    try:
        key = base64.b64decode(word, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(
            f"key {number} is not {KEY_BYTES} bytes in base64, as made by: python -m config.payload_keys"
        )
    return key


if __name__ == "__main__":
    print(base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode())
