"""What Temporal is given to keep: as it is, or so that only our own processes can read it."""

import os
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
)
from temporalio.exceptions import FailureError

ENCODING = b"binary/encrypted"
KEY_ID = "encryption-key-id"

# As long as AES-GCM wants it; drawn anew for every payload.
NONCE_BYTES = 12


class UnreadablePayload(Exception):
    """What Temporal kept was encrypted with a key that is not among ours, or is not as we gave it."""


class Encryption(PayloadCodec):
    """AES-GCM with the first key, whose id stands beside the text. What any of the keys wrote is read."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers = {_id_of(key): AESGCM(key) for key in keys}
        self._newest = _id_of(keys[0])

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Return each payload, its metadata too, as one that says nothing but which key opens it."""
        return [self._encrypted(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Return what was encoded; raises UnreadablePayload."""
        return [self._decrypted(payload) for payload in payloads]

    def _encrypted(self, payload: Payload) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        text = self._ciphers[self._newest].encrypt(nonce, payload.SerializeToString(), self._newest)
        return Payload(metadata={"encoding": ENCODING, KEY_ID: self._newest}, data=nonce + text)

    def _decrypted(self, payload: Payload) -> Payload:
        # Written before there was a key.
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key_id = payload.metadata.get(KEY_ID, b"")
        if key_id not in self._ciphers:
            raise UnreadablePayload(f"no key of PAYLOAD_KEY has the id {key_id.decode(errors='replace')}")
        nonce, text = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        try:
            return Payload.FromString(self._ciphers[key_id].decrypt(nonce, text, key_id))
        except InvalidTag:
            raise UnreadablePayload("a payload is not as it was written") from None


_SHARED = tuple(PydanticPayloadConverter().converters.values())


class SharedConverter(CompositePayloadConverter):
    """The SDK's own, but how a type is read is found out once, not in every workflow anew.

    The SDK makes a converter for each workflow and two for each of its tasks; these share what they know.
    """

    def __init__(self) -> None:
        super().__init__(*_SHARED)


READABLE = DataConverter(payload_converter_class=SharedConverter)


def data_converter(keys: Sequence[bytes]) -> DataConverter:
    """Return the one way of every process to hand Temporal what it keeps, failures' messages included."""
    if not keys:
        return READABLE
    return replace(
        READABLE,
        payload_codec=Encryption(keys),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


def as_reported(failure: Failure) -> Failure:
    """Return what the worker reported; the server wraps a failure that is too long for it, by its stack."""
    is_wrapped = failure.HasField("server_failure_info") and failure.HasField("cause")
    return failure.cause if is_wrapped else failure


async def message_of(converter: DataConverter, failure: Failure) -> str | None:
    """Return what the failure says, which may stand in it in the clear or not; None if it says nothing."""
    told = await converter.decode_failure(as_reported(failure))
    return (told.message if isinstance(told, FailureError) else str(told)) or None


def _id_of(key: bytes) -> bytes:
    """Says which key it is, and nothing about it."""
    return sha256(b"payload key\0" + key).hexdigest()[:8].encode()
