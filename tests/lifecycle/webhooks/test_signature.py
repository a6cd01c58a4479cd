"""Signatures agree with the published vector and the published library (P6)."""

from base64 import b64encode
from datetime import UTC, datetime

from clew_lifecycle.domain.webhook_signature import new_secret, sign
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook


def test_the_standard_webhooks_vector() -> None:
    """P6, "Standard Webhooks vector" """
    signed = sign(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(
    key=st.binary(min_size=24, max_size=64),
    message_id=st.uuids().map(str),
    timestamp=st.integers(0, 4_000_000_000),
    body=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_the_published_library_signs_alike(key: bytes, message_id: str, timestamp: int, body: str) -> None:
    secret = f"whsec_{b64encode(key).decode()}"

    theirs = Webhook(secret).sign(message_id, datetime.fromtimestamp(timestamp, UTC), body)

    assert sign([secret], message_id, timestamp, body.encode()) == theirs


def test_while_two_secrets_live_a_receiver_may_know_either() -> None:
    new, old = new_secret(), new_secret()
    now = int(datetime.now(UTC).timestamp())
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": str(now),
        "webhook-signature": sign([new, old], "m", now, b'{"a": 1}'),
    }

    assert Webhook(new).verify('{"a": 1}', headers) == {"a": 1}
    assert Webhook(old).verify('{"a": 1}', headers) == {"a": 1}
