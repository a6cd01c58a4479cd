"""Events as they travel: CloudEvents that old and new readers understand."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from clew_shared.contracts import deal_work, enquiry, lifecycle, mail, notify
from clew_shared.contracts.event import (
    PARTITIONS,
    Event,
    decode_data,
    decode_envelope,
    encode_event,
    partition_of,
    subject_of,
    type_of,
)
from clew_shared.contracts.ids import derived_id, new_id

GOLDEN = Path(__file__).parent / "golden"
EVENTS: list[type[Event]] = [
    found
    for module in (enquiry, lifecycle, deal_work, mail, notify)
    for found in vars(module).values()
    if isinstance(found, type) and issubclass(found, Event) and found.__module__ == module.__name__
    if not found.__name__.endswith(("LifecycleEvent", "NotifyEvent"))
]


def test_an_event_travels_as_a_cloud_event() -> None:
    event = lifecycle.TeammateRemoved(email="a@example.org")
    event_id = new_id()

    body = json.loads(encode_event(event, event_id, "lifecycle", datetime(2026, 1, 2, tzinfo=UTC), "00-a-b-01"))

    assert body == {
        "specversion": "1.0",
        "id": str(event_id),
        "source": "clew/lifecycle",
        "type": "clew.lifecycle.v1.teammate_removed",
        "time": "2026-01-02T00:00:00Z",
        "datacontenttype": "application/json",
        "traceparent": "00-a-b-01",
        "data": {"email": "a@example.org"},
    }


@pytest.mark.parametrize("event_type", EVENTS, ids=lambda event_type: event_type.__name__)
def test_the_bytes_of_the_first_version_are_still_read(event_type: type[Event]) -> None:
    """The golden files are never edited: a reader that no longer understands them breaks what streams still hold."""
    body = (GOLDEN / f"{type_of(event_type)}.json").read_bytes()

    envelope = decode_envelope(body)
    event = decode_data(envelope, event_type)

    again = json.loads(encode_event(event, envelope.id, envelope.source.removeprefix("clew/"), envelope.time))
    assert again["data"] == json.loads(body)["data"]


def test_a_field_that_nobody_knows_yet_is_passed_over() -> None:
    event = lifecycle.TeammateRemoved(email="a@example.org")
    body = json.loads(encode_event(event, new_id(), "lifecycle", datetime.now(UTC)))
    body["data"]["shoe_size"] = 43

    assert decode_data(decode_envelope(json.dumps(body).encode()), lifecycle.TeammateRemoved) == event


def test_data_that_does_not_fit_is_refused() -> None:
    body = encode_event(lifecycle.TeammateRemoved(email="a@example.org"), new_id(), "lifecycle", datetime.now(UTC))

    with pytest.raises(msgspec.ValidationError):
        decode_data(decode_envelope(body), notify.MessageSent)


def test_one_person_stays_in_one_partition() -> None:
    spread = {partition_of(f"person-{number}@example.org") for number in range(100)}

    assert partition_of("ann@example.org") == partition_of("ann@example.org")
    assert spread == set(range(PARTITIONS))


def test_both_doors_tell_an_enquiry_on_their_own_stream() -> None:
    event = mail.MailAccepted(message_key=new_id())

    assert subject_of("mail-intake", event, "a@b").startswith("clew.mail_intake.v1.mail_accepted.")


def test_ids_are_version_7_and_derived_ones_repeat() -> None:
    source = new_id()

    assert source.version == 7
    assert derived_id(source, "enquiry") == derived_id(source, "enquiry")
    assert derived_id(source, "enquiry") != derived_id(source, "message")
    assert derived_id(source, "enquiry").version == 7
    assert UUID(int=source.int).variant == derived_id(source, "enquiry").variant
