"""Remember who has answered our mails, and so has got them. Next: clew_notify.bind_bounce.bind_bounces."""

from collections.abc import Sequence
from typing import Any

from clew_shared.contracts.lifecycle import CommentAdded
from clew_shared.runtime.consumer import Received
from sqlalchemy import ARRAY, DateTime, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_notify.draft import answers_us

_ANSWERED = text(
    """UPDATE notify.delivery SET answered_at = given.at
FROM unnest(:deals, :recipients, :times) AS given (deal_id, recipient, at)
WHERE delivery.deal_id = given.deal_id AND lower(delivery.recipient) = given.recipient
  AND delivery.created_at < given.at AND answered_at IS NULL"""
).bindparams(
    bindparam("deals", type_=ARRAY(Uuid)),
    bindparam("recipients", type_=ARRAY(Text)),
    bindparam("times", type_=ARRAY(DateTime(timezone=True))),
)


async def note_answers(batch: Sequence[Received[Any]], connection: AsyncConnection) -> None:
    """Mark what we had sent to those whose answers are in the batch."""
    answers = [
        (received.event.deal.id, received.event.word.reply_to.lower(), received.time)
        for received in batch
        if isinstance(received.event, CommentAdded) and received.event.word.reply_to and answers_us(received.event.word)
    ]
    if not answers:
        return
    deals, recipients, times = zip(*answers, strict=True)
    await connection.execute(_ANSWERED, {"deals": deals, "recipients": recipients, "times": times})
