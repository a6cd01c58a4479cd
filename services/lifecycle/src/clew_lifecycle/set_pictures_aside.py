"""Set aside the pictures that a person's mails carry again and again: the logo in their signature (mail-intake B27).

It is decided here, as only a deal knows what belongs to one conversation, whoever wrote it and however it was found.
Next: clew_lifecycle.continue_deal.write_entry.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from clew_shared.contracts.enquiry import Attachment, EnquiryReceived
from sqlalchemy import Text, Uuid
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.arrays import with_arrays
from clew_lifecycle.store.world import World


async def read_pictures(world: World, batch: Sequence[EnquiryReceived], connection: AsyncConnection) -> None:
    """Read which of the batch's pictures stand on a deal already."""
    digests = {file.sha256 for event in batch for file in event.attachments if _is_picture_in_text(file)}
    if digests and world.deals:
        values = {"deals": sorted({deal.id for deal in world.deals.values()}), "digests": sorted(digests)}
        world.pictures = {(row.deal_id, row.digest) for row in await connection.execute(_PICTURES, values)}


def set_aside_repeated(files: tuple[Attachment, ...], deal_id: UUID, world: World) -> tuple[Attachment, ...]:
    """Mark the pictures in the text that the deal had before; they stay with the mail and are not listed."""
    if not any(map(_is_picture_in_text, files)):
        return files
    marked = tuple(
        msgspec.structs.replace(file, repeated=True)
        if _is_picture_in_text(file) and (deal_id, file.sha256) in world.pictures
        else file
        for file in files
    )
    # Twice in one mail is once more shown, as its writer meant it.
    world.pictures |= {(deal_id, file.sha256) for file in files if _is_picture_in_text(file)}
    return marked


def _is_picture_in_text(file: Attachment) -> bool:
    return file.inline and file.type.startswith("image/") and file.rejected is None


_PICTURES = with_arrays(
    """
    SELECT DISTINCT a.deal_id, file->>'sha256' AS digest
    FROM lifecycle.activity a CROSS JOIN LATERAL jsonb_array_elements(a.facts->'attachments') AS file
    WHERE a.deal_id = ANY(:deals) AND a.facts ? 'attachments' AND file->>'sha256' = ANY(:digests)
    """,
    deals=Uuid,
    digests=Text,
)
