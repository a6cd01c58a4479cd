"""The signed reply address: what mail systems do to it, and what forgers try."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from clew_shared.contracts.ids import new_id
from clew_shared.contracts.reply_address import (
    VALID_DAYS,
    ForgedReplyAddress,
    ReplyKeys,
    make_reply_address,
    read_reply_address,
)
from hypothesis import given
from hypothesis import strategies as st

DOMAIN = "in.example.org"
KEYS = ReplyKeys("b", {"a": b"old" * 10, "b": b"new" * 10})


@given(st.uuids())
def test_a_reply_address_leads_back_to_its_deal(deal_id: UUID) -> None:
    address = make_reply_address(deal_id, DOMAIN, KEYS)

    read = read_reply_address(address, DOMAIN, KEYS)

    assert read is not None
    assert read.deal_id == deal_id
    assert not read.expired


def test_a_reply_address_fits_a_local_part_and_survives_a_change_of_case() -> None:
    """B3: tokens are case-insensitive and within 64 octets."""
    deal_id = new_id()
    address = make_reply_address(deal_id, DOMAIN, KEYS)

    read = read_reply_address(address.upper(), DOMAIN, KEYS)

    assert len(address.partition("@")[0]) <= 64
    assert read is not None
    assert read.deal_id == deal_id


@given(st.integers(0, 60), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567.-"))
def test_one_changed_character_makes_it_forged(place: int, character: str) -> None:
    """B3, A11."""
    address = make_reply_address(UUID(int=1 << 100), DOMAIN, KEYS, today=date(2026, 1, 1))
    changed = address[:place] + character + address[place + 1 :]
    if changed == address or place < 2:
        return

    with pytest.raises(ForgedReplyAddress):
        read_reply_address(changed, DOMAIN, KEYS)


def test_an_old_address_is_true_and_expired() -> None:
    """B3: a true but expired token falls through to identity."""
    today = date(2026, 1, 1)
    address = make_reply_address(new_id(), DOMAIN, KEYS, today=today)

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
