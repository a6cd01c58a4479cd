"""Who really wrote: behind lists, web forms and colleagues' forwards (B16-B18)."""

import re
from dataclasses import dataclass, replace

from clew_mail_intake.understanding.addresses import read_addresses, read_people
from clew_mail_intake.understanding.form_visitor import read_visitor
from clew_mail_intake.understanding.header_fields import Fields
from clew_mail_intake.understanding.machine_words import NO_REPLY
from clew_mail_intake.understanding.understood import Forwarded, Person, Proof, Surroundings

_VIA = re.compile(r"^(.*?)\s+\(?(?:via|über|par|por|tramite|przez)\s+\S", re.IGNORECASE)
# Whoever is no list has put no author aside.
_LIST_FIELDS = ("list-id", "list-post", "precedence", "mailing-list", "x-google-group-id")
_SITE = re.compile(
    r"^(?:wordpress|webform\w*|web-?master|web|www(?:-data)?|form[\w-]*|contact-?(?:form|us)|submissions?|leads?|cgi[\w-]*|u\d{5,}|kontakt(?:formular)?|website|web-?site|apache|nobody|mail(?:er)?|notifications?|"
    r"typo3|joomla|drupal|cms|server|system|no-?reply.*|noreply.*|do-?not-?reply.*)$"
)


@dataclass(frozen=True, slots=True)
class Authorship:
    """Whom the From names, who wrote, and why they differ.

    `is_hearsay`: who wrote is said by somebody who is not believed about others.
    """

    sender: Person
    contact: Person
    reasons: tuple[str, ...] = ()
    is_hearsay: bool = False


def read_authorship(
    fields: Fields,
    named: "Named",
    known: Surroundings,
    forwarded: Forwarded | None,
    text: str = "",
    proof: Proof = "unchecked",
) -> Authorship:
    """Find the person to answer; what is said of others is hearsay, unless a colleague or a site of ours says it."""
    sender, reasons = named.person, named.reasons
    if "@" not in sender.email:
        return Authorship(sender, sender, (*reasons, "sender: nobody is named as the sender"))
    if forwarded and forwarded.sender.email:
        if known.is_colleague(sender.email) and not known.owns(forwarded.sender.email):
            why = f"sender: a colleague ({sender.email}) passed on the mail of {forwarded.sender.email}"
            found = Authorship(sender, forwarded.sender, (*reasons, why))
            return _as_hearsay(found) if proof == "unproven" else found
        reasons = (*reasons, "sender: passed on by somebody who is no colleague, so theirs")
    ours = known.is_of_house(sender.email)
    if author := behind_list(fields, sender, known):
        found = Authorship(sender, author[0], (*reasons, author[1]))
        return found if proof == "unchecked" or (ours and proof == "proven") else _as_hearsay(found)
    if visitor := _behind_form(fields, sender, known):
        found = Authorship(sender, visitor[0], (*reasons, visitor[1]))
        # Whoever could forge a mail of our own form could as well fill it in.
        return found if ours else _as_hearsay(found)
    if (labelled := named_visitor(sender, text, known)) is not None:
        return Authorship(sender, labelled, (*reasons, "sender: named in the text of a form's mail"))
    found = Authorship(sender, sender, reasons)
    return _as_hearsay(found) if named.is_stand_in and proof != "unchecked" else found


def _as_hearsay(found: Authorship) -> Authorship:
    """Mark what somebody says of another: else whoever fails as the victim would come as a form, or a colleague."""
    why = f"hearsay: {found.sender.email} is not proven, or not believed about others; it continues no deal"
    return replace(found, reasons=(*found.reasons, why), is_hearsay=True)


@dataclass(frozen=True, slots=True)
class Named:
    """Whom the header names as the sender; without an address when it names nobody.

    `is_stand_in` when From does not, whose domain alone is ever checked.
    """

    person: Person
    reasons: tuple[str, ...] = ()
    is_stand_in: bool = False


def read_sender(fields: Fields) -> Named:
    """Return the first address in From, else the one in Sender or Reply-To."""
    people = read_people(fields, "from")
    named = [person for person in people if "@" in person.email]
    if named:
        several = len({person.email for person in named}) > 1
        return Named(named[0], ("sender: the first of several in From",) if several else ())
    for name in ("sender", "reply-to", "resent-from"):
        others = [person for person in read_people(fields, name) if "@" in person.email]
        if others:
            label = people[0].name if people else ""
            found = Person(others[0].email, others[0].name or label)
            return Named(found, (f"sender: From names no address, {name} does",), is_stand_in=True)
    return Named(people[0] if people else Person(""))


def named_visitor(sender: Person, text: str, known: Surroundings) -> Person | None:
    """Return whom a form of our own site names, where its mail has no Reply-To."""
    local = sender.email.partition("@")[0]
    if not known.is_of_house(sender.email):
        return None
    is_site = known.is_form(sender.email) or _SITE.match(local) or NO_REPLY.search(local)
    return read_visitor(text, known) if is_site else None


def behind_list(fields: Fields, sender: Person, known: Surroundings) -> tuple[Person, str] | None:
    """Return the author whose From a list or group has rewritten."""
    via = _VIA.match(sender.name)
    is_list = via is not None or any(name in fields for name in _LIST_FIELDS)
    for name in ("x-original-from", "x-original-sender") if is_list else ():
        for person in read_addresses(fields.get(name)):
            if person.email and person.email != sender.email and not known.owns(person.email):
                return Person(person.email, person.name or _before_via(sender.name)), f"sender: {name} of a list"
    if via and ("list-id" in fields or "list-post" in fields or "reply-to" in fields):
        posting = {*_addresses_in(fields, "list-post"), *_addresses_in(fields, "to"), sender.email}
        for person in read_people(fields, "reply-to"):
            # An address beside the list's is the list's own, unless the author's name stands there.
            near = person.email.rpartition("@")[2] == sender.email.rpartition("@")[2]
            if near and person.name.casefold() != _before_via(sender.name).casefold():
                continue
            if "@" in person.email and person.email not in posting and not known.owns(person.email):
                return Person(
                    person.email, person.name or _before_via(sender.name)
                ), "sender: Reply-To of a list's mail"
        # Where answers go to the list, Mailman leaves the author in Cc; groups.io has the address in its own.
        for person in (*read_people(fields, "cc"), _unfolded(sender)):
            if person.name and person.email and person.name.casefold() == _before_via(sender.name).casefold():
                return person, "sender: the author that a list names"
    return None


def _addresses_in(fields: Fields, name: str) -> set[str]:
    return {person.email for person in read_people(fields, name)}


def _unfolded(sender: Person) -> Person:
    """Read `lea=customer.example@list` as `lea@customer.example`."""
    local, _, domain = sender.email.partition("@")[0].rpartition("=")
    return Person(f"{local}@{domain}" if local and "." in domain else "", _before_via(sender.name))


def _before_via(name: str) -> str:
    found = _VIA.match(name)
    return (found[1] if found else name).strip("'\" ")


def _behind_form(fields: Fields, sender: Person, known: Surroundings) -> tuple[Person, str] | None:
    """Return the visitor whose words a site's form has sent."""
    local = sender.email.partition("@")[0]
    ours = known.is_of_house(sender.email)
    if not (ours or _SITE.match(local) or NO_REPLY.search(local)):
        return None
    for person in read_people(fields, "reply-to"):
        if "@" not in person.email or person.email == sender.email:
            continue
        if known.owns(person.email) or known.is_colleague(person.email) or NO_REPLY.search(person.email):
            continue
        name = person.name or ("" if ours or _SITE.match(local) else sender.name)
        return Person(person.email, name), "sender: Reply-To of a form's mail"
    return None
