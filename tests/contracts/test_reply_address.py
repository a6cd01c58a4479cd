"""The signed reply address: what mail systems do to it, and what forgers try."""

import re
from datetime import date, timedelta
from uuid import UUID

import pytest
from clew_shared.contracts.ids import new_id
from clew_shared.contracts.reply_address import (
    VALID_DAYS,
    ForgedReplyAddress,
    ReadAddress,
    ReplyKeys,
    delivery_mark,
    make_reply_address,
    read_reply_address,
)
from hypothesis import given
from hypothesis import strategies as st

DOMAIN = "in.example.org"
KEYS = ReplyKeys("b", {"a": b"old" * 10, "b": b"new" * 10})


@given(st.uuids(), st.uuids() | st.none())
def test_a_reply_address_leads_back_to_its_deal_and_delivery(deal_id: UUID, delivery_id: UUID | None) -> None:
    """B3, B19: within 64 octets of lower-case base32, whatever case it comes back in."""
    address = make_reply_address(deal_id, DOMAIN, KEYS, delivery_id=delivery_id)

    read = read_reply_address(address.upper(), DOMAIN, KEYS)

    assert read == ReadAddress(deal_id, expired=False, delivery=delivery_mark(delivery_id) if delivery_id else None)
    assert re.fullmatch(r"r\.[a-z2-7.]{1,62}", address.partition("@")[0])


def test_an_address_that_was_sent_before_there_were_deliveries_still_reads() -> None:
    """B3: these bytes are in mails out there."""
    old = "r.agrad5v5bb4xlndudyxprqjjbq.bbiqa.wmtoklcszkdem5473lhp5mudvi@in.example.org"

    read = read_reply_address(old, DOMAIN, KEYS, today=date(2026, 2, 1))

    assert read == ReadAddress(UUID("01a201f6-bd08-7975-b474-1e2ef8c1290c"), expired=False, delivery=None)


@given(st.integers(2, 63), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567.-"), st.uuids() | st.none())
def test_one_changed_character_makes_it_forged(place: int, character: str, delivery_id: UUID | None) -> None:
    """B3, A11."""
    local = make_reply_address(UUID(int=1 << 100), DOMAIN, KEYS, delivery_id=delivery_id).partition("@")[0]
    place = min(place, len(local) - 1)
    changed = f"{local[:place]}{character if character != local[place] else 'a'}{local[place + 1 :]}@{DOMAIN}"
    if changed == f"{local}@{DOMAIN}":
        return

    with pytest.raises(ForgedReplyAddress):
        read_reply_address(changed, DOMAIN, KEYS)


@pytest.mark.parametrize("delivery_id", [None, new_id()], ids=["deal", "delivery"])
def test_an_old_address_is_true_and_expired(delivery_id: UUID | None) -> None:
    """B3: a true but expired token falls through to identity."""
    today = date(2026, 1, 1)
    address = make_reply_address(new_id(), DOMAIN, KEYS, today, delivery_id)

    read = read_reply_address(address, DOMAIN, KEYS, today=today + timedelta(days=VALID_DAYS + 1))

    assert read is not None
    assert read.expired


def test_an_address_signed_with_an_older_key_still_reads() -> None:
    address = make_reply_address(new_id(), DOMAIN, ReplyKeys("a", KEYS.secrets))

    assert read_reply_address(address, DOMAIN, KEYS) is not None


@pytest.mark.parametrize("address", ["deals@in.example.org", "r.x@elsewhere.example", "ann@in.example.org", "", "@"])
def test_other_addresses_are_no_reply_addresses(address: str) -> None:
    assert read_reply_address(address, DOMAIN, KEYS) is None


def test_an_address_of_another_domain_is_not_ours() -> None:
    address = make_reply_address(new_id(), "other.example", KEYS)

    assert read_reply_address(address, DOMAIN, KEYS) is None
