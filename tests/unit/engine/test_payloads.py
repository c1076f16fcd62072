"""What Temporal keeps says nothing to whoever has no key, and all to our own processes."""

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure, ServerFailureInfo
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError

from domain.orders import Address
from engine.payloads import ENCODING, KEY_ID, SharedConverter, UnreadablePayload, data_converter, message_of

OLD, NEW = bytes(32), bytes(range(32))
SECRET = "7 Planted Lane"
ADDRESS = Address(line1=SECRET, city="Ely", postal_code="CB7 4AB", country="GB")


async def encoded(*keys: bytes) -> Payload:
    (payload,) = await data_converter(keys).encode([ADDRESS])
    return payload


async def decoded(payload: Payload, *keys: bytes) -> Address:
    (found,) = await data_converter(keys).decode([payload], [Address])
    assert isinstance(found, Address)
    return found


async def failure_in(converter: DataConverter) -> Failure:
    failure = Failure()
    await converter.encode_failure(ApplicationError(SECRET), failure)
    return failure


async def test_what_is_written_says_nothing_and_is_read_again() -> None:
    payload = await encoded(NEW)

    assert SECRET.encode() not in payload.SerializeToString()
    assert b"json" not in payload.SerializeToString()
    assert await decoded(payload, NEW) == ADDRESS


async def test_the_same_written_twice_is_not_seen_to_be_the_same() -> None:
    assert (await encoded(NEW)).data != (await encoded(NEW)).data


async def test_without_a_key_nothing_is_changed() -> None:
    assert await data_converter(()).encode([ADDRESS]) == await pydantic_data_converter.encode([ADDRESS])


def test_how_a_type_is_read_is_found_out_once_for_all_workflows() -> None:
    """The SDK makes a converter for each workflow: finding it out there took a quarter of their time."""
    made, made_later = (data_converter(()).payload_converter_class() for _ in range(2))

    assert isinstance(made, SharedConverter)
    assert isinstance(made_later, SharedConverter)
    assert made.converters[b"json/plain"] is made_later.converters[b"json/plain"]


async def test_what_an_older_key_or_none_wrote_is_read_with_the_new_one() -> None:
    assert await decoded(await encoded(OLD), NEW, OLD) == ADDRESS
    assert await decoded(await encoded(), NEW) == ADDRESS


async def test_the_first_key_writes() -> None:
    payload = await encoded(NEW, OLD)

    assert await decoded(payload, NEW) == ADDRESS
    with pytest.raises(UnreadablePayload, match="no key"):
        await decoded(payload, OLD)


@pytest.mark.parametrize("at", [0, 12, -1])
async def test_what_somebody_changed_is_not_read(at: int) -> None:
    payload = await encoded(NEW)
    changed = bytearray(payload.data)
    changed[at] ^= 1
    payload.data = bytes(changed)

    with pytest.raises(UnreadablePayload, match="not as it was written"):
        await decoded(payload, NEW)


async def test_a_payload_that_names_another_key_is_not_read_with_ours() -> None:
    payload, other = await encoded(NEW), await encoded(OLD)
    payload.metadata[KEY_ID] = other.metadata[KEY_ID]

    assert payload.metadata["encoding"] == ENCODING
    with pytest.raises(UnreadablePayload):
        await decoded(payload, NEW, OLD)


@pytest.mark.parametrize("keys", [(), (NEW,)])
async def test_what_a_failure_says_is_told_to_our_own_processes(keys: tuple[bytes, ...]) -> None:
    converter = data_converter(keys)
    failure = await failure_in(converter)

    is_plain = SECRET.encode() in failure.SerializeToString()

    assert await message_of(converter, failure) == SECRET
    assert is_plain is not bool(keys)


async def test_a_failure_that_was_too_long_for_the_server_is_told_by_what_is_inside() -> None:
    converter = data_converter(())
    reported = Failure()
    await converter.encode_failure(ApplicationError("the disk is full"), reported)
    wrapped = Failure(
        message="Failure exceeds size limit.", cause=reported, server_failure_info=ServerFailureInfo()
    )

    assert await message_of(converter, wrapped) == "the disk is full"
