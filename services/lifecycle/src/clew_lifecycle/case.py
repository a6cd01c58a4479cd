"""One enquiry with all that its decision goes by. Next: clew_lifecycle.receive_enquiry.receive_enquiries."""

from dataclasses import dataclass

from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.runtime.consumer import Received

from clew_lifecycle.domain.workflow import Pipeline
from clew_lifecycle.recognise_sender import Sender
from clew_lifecycle.store.world import KnownDeal, Source, Teammate, World


@dataclass(slots=True)
class Case:
    """`flags` are what a person should know of the entry that comes of it, `candidates` the deals it could be on."""

    received: Received[EnquiryReceived]
    world: World
    origin: Source
    pipeline: Pipeline
    sender: Sender
    flags: list[str]
    candidates: tuple[str, ...] = ()

    def teammate_on(self, deal: KnownDeal) -> Teammate | None:
        """Give the teammate who wrote; on a deal of their own they are its client."""
        contact = self.sender.contact
        return None if contact is not None and contact.id == deal.contact_id else self.sender.teammate
