"""Who sent an enquiry, as far as lifecycle knows, and the records of those it did not know.

Next: clew_lifecycle.open_deal.open_deal.
"""

from dataclasses import dataclass
from uuid import UUID

from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.contracts.ids import new_id

from clew_lifecycle.domain.mailbox import company_domain, is_shared_mailbox
from clew_lifecycle.domain.wording import name_key
from clew_lifecycle.store.prefetch import MOST_SHARING, email_key
from clew_lifecycle.store.world import Company, Contact, Point, Source, Teammate, World


@dataclass(slots=True, kw_only=True)
class Sender:
    """`contact` is None for somebody new; of a mailbox that many read (`is_shared`) the company is known instead.

    `teammate` is who works here, where DMARC proves that they wrote.
    """

    email: str | None
    address: str | None
    phone: str | None
    name: str | None
    company_name: str | None
    is_shared: bool
    contact: Contact | None = None
    company_id: UUID | None = None
    teammate: Teammate | None = None


def recognise_sender(event: EnquiryReceived, origin: Source, world: World) -> Sender:
    """Look the claims up: the address decides, a number only where there is no address or the source says so."""
    claims = event.claims
    email = email_key(event, origin)
    sender = Sender(
        email=email,
        address=_address(claims.email_raw, claims.email),
        phone=claims.phone,
        name=(claims.name or "").strip() or None,
        company_name=(claims.company or "").strip() or None,
        is_shared=bool(email) and is_shared_mailbox(email or ""),
        teammate=_teammate(event, world),
    )
    points = world.points.get(("email", email), []) if email else []
    if points:
        sender.contact = world.contacts.get(points[0].contact_id) if points[0].contact_id else None
        sender.company_id = points[0].company_id or (sender.contact.company_id if sender.contact else None)
        sender.is_shared = points[0].shared
    if sender.contact is None and claims.phone and (email is None or origin.phone_is_identity):
        sender.contact = _by_phone(claims.phone, sender.name, origin, world)
        sender.is_shared = sender.is_shared and sender.contact is None
    return sender


def remember_sender(sender: Sender, event: EnquiryReceived, world: World) -> Contact:
    """Give the sender's contact: a minimal new one, or the known one with what was missing on it, but for hearsay."""
    if sender.contact is None:
        sender.contact = Contact(new_id(), None, sender.name, sender.address, event.claims.phone_raw or sender.phone)
        if sender.is_shared:
            # Who reads such a mailbox changes; the address is all that stays.
            sender.contact.name = None
        world.add_contact(sender.contact)
        sender.contact.company_id = sender.company_id or _company_of(sender, world)
        sender.company_id = sender.contact.company_id
    elif not event.hearsay:
        _fill_blanks(sender, event, world)
    _remember_points(sender, event, world)
    return sender.contact


def company_for_deal(sender: Sender, contact: Contact, world: World) -> UUID | None:
    """Give the company that a new deal of this contact is with: theirs, or the one that the enquiry names."""
    if contact.company_id is None:
        contact.company_id = _company_of(sender, world)
        world.changed_contacts[contact.id] = contact
    if sender.company_name is None or sender.is_shared:
        return contact.company_id
    key = name_key(sender.company_name)
    own = world.companies[contact.company_id]
    if own.name_key == key:
        return own.id
    for deal in world.of_contact[contact.id]:
        if deal.company_name and name_key(deal.company_name) == key:
            return deal.company_id
    named = _new_company(sender.company_name, False, sender.email, world)
    if own.is_person:
        # The stand-in has served; its old deals stay where they are.
        contact.company_id = named
        world.changed_contacts[contact.id] = contact
    return named


def _address(raw: str | None, key: str | None) -> str | None:
    """The address as its owner writes it, when that is the same address."""
    written = (raw or "").strip()
    return written if key and written.casefold() == key.casefold() else key


def _teammate(event: EnquiryReceived, world: World) -> Teammate | None:
    """Anybody can write a teammate's name, and the deal's client has its reply address too: DMARC alone proves it.

    Whom a forward names did not write it.
    """
    is_proven = event.channel == "mail" and event.authenticity == "pass" and event.forwarded_by is None
    return world.teammates.get(event.claims.email or "") if is_proven else None


def _by_phone(phone: str, name: str | None, origin: Source, world: World) -> Contact | None:
    """A number is shared by households and switchboards: without a source's word the name has to agree with it."""
    people = [world.contacts[point.contact_id] for point in world.points.get(("phone", phone), []) if point.contact_id]
    if origin.phone_is_identity:
        return people[0] if people else None
    same = [who for who in people if name and who.name and who.name.casefold() == name.casefold()]
    # Of whom nothing but the number is known, nothing speaks against it.
    nameless = [who for who in people if who.email is None and not (name and who.name)]
    return next(iter(same or nameless), None)


def _fill_blanks(sender: Sender, event: EnquiryReceived, world: World) -> None:
    contact = sender.contact
    if contact is None or sender.is_shared:
        return
    name, phone = contact.name or sender.name, contact.phone or event.claims.phone_raw or sender.phone
    if (name, phone) != (contact.name, contact.phone):
        contact.name, contact.phone = name, phone
        world.changed_contacts[contact.id] = contact


def _remember_points(sender: Sender, event: EnquiryReceived, world: World) -> None:
    contact, claims = sender.contact, event.claims
    if contact is None:
        return
    if sender.email and not world.points.get(("email", sender.email)):
        owner = sender.company_id if sender.is_shared else None
        raw = claims.email_raw or sender.email
        point = Point(
            new_id(), "email", sender.email, raw, contact.id, owner, sender.is_shared, verified=claims.verified
        )
        world.add_point(point)
    if sender.phone:
        known = world.points.get(("phone", sender.phone), [])
        if len(known) <= MOST_SHARING and all(point.contact_id != contact.id for point in known):
            taken = any(not point.shared for point in known)
            raw = claims.phone_raw or sender.phone
            world.add_point(Point(new_id(), "phone", sender.phone, raw, contact.id, None, taken or sender.is_shared))


def _company_of(sender: Sender, world: World) -> UUID:
    """A person without a company is a company of their own, so that everything after this has one path."""
    if sender.company_name:
        return _new_company(sender.company_name, False, sender.email, world)
    if sender.is_shared and sender.email:
        return _new_company(sender.email.rpartition("@")[2], False, sender.email, world)
    return _new_company(sender.name or sender.address or sender.phone or "(no name)", True, None, world)


def _new_company(name: str, is_person: bool, email: str | None, world: World) -> UUID:
    company = Company(new_id(), name, name_key(name), is_person, company_domain(email))
    world.add_company(company)
    return company.id
