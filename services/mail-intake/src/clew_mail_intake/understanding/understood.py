"""The words for what was understood of a mail."""

from datetime import datetime
from typing import Literal

import msgspec
from clew_shared.contracts.enquiry import Secured
from clew_shared.contracts.mail import Severity
from clew_shared.identity.email import ascii_address

from clew_mail_intake.understanding.parse import Part

PARSER_VERSION = 4

Verdict = Literal["enquiry", "auto_reply", "bounce", "complaint", "list", "spam", "quarantine"]
Grade = Literal["pass", "fail", "temperror", "none"]
# Of the sender: whether anybody looked, and whether their domain stands for them.
Proof = Literal["unchecked", "proven", "unproven"]
# What a virus scanner says of a file; nothing where there is none.
PackedAs = Literal["", "cms", "mail"]
Scan = Literal["", "clean", "waiting"]


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the network said of a mail's sender when it came; kept, so that a second reading says the same.

    `txt` holds the TXT records by name, `silent` the names that the DNS did not answer for. `is_direct` says that the
    sender's own system handed the mail to us, so that `spf` speaks of it.
    """

    spf: Grade = "none"
    spf_domain: str = ""
    is_direct: bool = False
    txt: dict[str, tuple[str, ...]] = {}
    silent: tuple[str, ...] = ()


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What SMTP said around the mail, which may differ from what its headers say."""

    mail_from: str | None = None
    recipients: tuple[str, ...] = ()
    received_at: datetime | None = None
    evidence: Evidence | None = None


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What the reader knows about its own house; all names lower-case, domains of other letters as A-labels."""

    intake_domain: str = "in.localhost"
    own_addresses: frozenset[str] = frozenset()
    own_message_domains: frozenset[str] = frozenset()
    colleague_domains: frozenset[str] = frozenset()
    colleagues: frozenset[str] = frozenset()
    trusted_authserv_ids: frozenset[str] = frozenset()
    # Addresses, or whole domains, of services whose forms are ours.
    form_senders: frozenset[str] = frozenset()
    people_write_through_lists: bool = False
    # A file of certificates of the authorities that signatures are believed by; the system's where none is named.
    smime_authorities: str = ""
    pgp_keys: str = ""

    def owns(self, address: str) -> bool:
        """Say whether mail to the address comes to us."""
        address = ascii_address(address)
        return address in self.own_addresses or address.rpartition("@")[2] == self.intake_domain

    def sends_as(self, address: str) -> bool:
        """Say whether mail from the address is ours; where colleagues share our domain, only that of our own names."""
        return ascii_address(address) in self.own_addresses or (self.owns(address) and not self.is_colleague(address))

    def is_colleague(self, address: str) -> bool:
        """Say whether the address is a teammate's."""
        address = ascii_address(address)
        return address in self.colleagues or address.rpartition("@")[2] in self.colleague_domains

    def is_form(self, address: str) -> bool:
        """Say whether the address is a service's that sends what visitors write in a form of ours."""
        address = ascii_address(address)
        return address in self.form_senders or address.rpartition("@")[2] in self.form_senders

    def is_of_house(self, address: str) -> bool:
        """Say whether mail from the address, if it is true, is believed about who wrote."""
        return self.owns(address) or self.is_colleague(address) or self.is_form(address)


class Person(msgspec.Struct, frozen=True):
    """An address, lower-case, and the name that stood beside it; either may be empty."""

    email: str
    name: str = ""


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file in the mail, by where it lies in the raw bytes: `read_attachment` fetches it.

    `type` is what its bytes show, `declared` what the sender said where that is something else.
    """

    name: str
    type: str
    size: int
    sha256: str
    inline: bool = False
    content_id: str = ""
    decoration: bool = False
    rejected: str | None = None
    start: int = 0
    end: int = 0
    encoding: str = ""
    # Where the file lies in what that span decodes to, when it is one of several packed together (TNEF), or else in
    # the mail that it decodes to ("cms": in the mail inside that signature), and how it is encoded there.
    inner: tuple[int, int] | None = None
    packed_as: PackedAs = ""
    inner_encoding: str = ""
    declared: str = ""
    scan: Scan = ""


class Bounced(msgspec.Struct, frozen=True, kw_only=True):
    """Which message did not arrive, at whom, and why."""

    recipient: str | None = None
    status: str | None = None
    message_id: str | None = None
    action: str | None = None
    diagnostic: str | None = None

    @property
    def severity(self) -> Severity:
        """Say how bad it is; a mailbox that is full has room another day, whatever its server calls it."""
        if self.action in ("delivered", "relayed", "expanded") or (self.status or "").startswith("2"):
            return "arrived"
        if self.action == "delayed":
            return "delayed"
        return "soft" if (self.status or "").startswith("4") or self.status == "5.2.2" else "hard"


class Forwarded(msgspec.Struct, frozen=True, kw_only=True):
    """The mail inside a forward; `passage` is its whole text with the header lines that a mail client prints.

    An attached one also says its `ids`, its ancestors' before its own, and has its `files` in the outer mail's bytes,
    or `packed` in a part of that which had to be decoded.
    """

    sender: Person
    subject_line: str = ""
    text: str = ""
    passage: str = ""
    ids: tuple[str, ...] = ()
    files: tuple[Part, ...] = ()
    packed: tuple[Attachment, ...] = ()


class Authenticity(msgspec.Struct, frozen=True, kw_only=True):
    """What a trusted hop says of the sender, or we found out ourselves; all `none` when nobody could."""

    spf: Grade = "none"
    dkim: Grade = "none"
    dmarc: Grade = "none"


class Understanding(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a mail says, and why it is read that way."""

    verdict: Verdict
    contact: Person
    subject_line: str = ""
    text: str = ""
    quoted: str = ""
    signature: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    message_id: str = ""
    message_id_is_synthetic: bool = False
    references: tuple[str, ...] = ()
    in_reply_to: str | None = None
    date: datetime | None = None
    date_header: str = ""
    sender: Person = Person("")
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    recipients: tuple[str, ...] = ()
    auto: bool = False
    loop: bool = False
    # Whether a machine of ours may answer it (RFC 3834 2).
    answerable: bool = True
    dsn: Bounced | None = None
    # Whom a forward names as its author, whoever says so; the contact only when `forwarder` is a colleague.
    forwarded_from: Person | None = None
    forwarder: Person | None = None
    forwarder_note: str = ""
    # Whether the contact is somebody's of whom the sender only says so.
    hearsay: bool = False
    authenticity: Authenticity = Authenticity()
    secured: Secured | None = None
    # What an invitation beside the words says, by label.
    facts: tuple[tuple[str, str], ...] = ()
    reasons: tuple[str, ...] = ()
    parser_version: int = PARSER_VERSION
