"""What a person sent us, whichever door it came through. Next: clew_lifecycle.receive_enquiry.receive_enquiries."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from clew_shared.contracts.event import Event

Verified = Literal["no", "mail", "signed_link", "doi"]
Policy = Literal["open_deal", "always_new", "triage"]
Channel = Literal["form", "mail"]
SecuredResult = Literal["verified", "address_differs", "expired", "untrusted", "altered", "unreadable", "not_checked"]
Authenticity = Literal["pass", "none", "fail", "temperror"]


class Claims(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody says of themselves; a door never looks whether it is so.

    `email` and `phone` are the forms that identities are matched by (see `clew_shared.identity`), the raw ones what
    was typed. A phone that has no country is raw only.
    """

    email: str | None = None
    email_raw: str | None = None
    phone: str | None = None
    phone_raw: str | None = None
    name: str | None = None
    company: str | None = None
    verified: Verified = "no"


class ReplyToken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reply address whose signature was true; `expired` when it is older than it may be.

    `delivery` is the end of the id of the one delivery whose mail carried it (`reply_address.delivery_mark`); what
    several got alike, and what was sent before there was such a mark, has none.
    """

    deal_id: UUID
    expired: bool = False
    delivery: str | None = None


class Attachment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file that stays where it arrived; `rejected` says why when it was not kept.

    `inline` is a picture that stands in the text; `repeated` one that the deal had before.
    """

    id: UUID
    name: str
    type: str
    size: int
    sha256: str
    inline: bool = False
    rejected: str | None = None
    repeated: bool = False


class Secured(msgspec.Struct, frozen=True, kw_only=True):
    """How a mail is signed or encrypted (RFC 8551, RFC 9580), and what a signature is worth.

    `result` is verified, or why not: altered, expired when it came, of an untrusted issuer, of another address than the
    sender's, unreadable; not_checked where nobody looked. `signer` is the certificate's or the key's address, `issuer`
    who vouches for a certificate. Whether a certificate was revoked is not asked.
    """

    form: Literal["S/MIME", "PGP"]
    kind: Literal["signed", "encrypted"]
    result: SecuredResult = "not_checked"
    signer: str = ""
    issuer: str = ""
    detail: str = ""


class Answer(msgspec.Struct, frozen=True):
    """One field of a form, as it was labelled and answered."""

    label: str
    value: str


class EnquiryReceived(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A person wrote to us. `enquiry_id` is the submission's or the mail's id.

    `source` names the door (`form:contact`, `mail:deals`); `external_id` is unique in it and makes the same thing
    received twice one. `message_id`, `in_reply_to` and `references` keep their angle brackets (RFC 5322 3.6.4),
    references oldest first. `subject_tag` is a deal's id in the subject, which anybody can write. `note` is what a
    colleague wrote above a mail that they forwarded.
    `names_us` is false for a mail that says nowhere that it is for us: a blind copy, a list. `answerable` is false for
    one that no machine may answer: its return path is empty, or it asks for silence (RFC 3834 2). `released_by` is who
    let a mail through that had been set aside, and `placed_on` the deal that they named for it. `hearsay`: who wrote is
    said by somebody who is not believed about others, so it may begin something and continues nothing.
    """

    SERVICE: ClassVar[str] = "forms"
    PARTITIONED: ClassVar[bool] = True

    enquiry_id: UUID
    channel: Channel
    source: str
    external_id: str
    received_at: datetime
    claims: Claims
    subject_line: str = ""
    text: str = ""
    quoted: str = ""
    answers: tuple[Answer, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    policy: Policy = "open_deal"
    pipeline: str | None = None
    region: str | None = None
    reply_token: ReplyToken | None = None
    token_forged: bool = False
    message_id: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    participants: tuple[str, ...] = ()
    authenticity: Authenticity = "none"
    secured: Secured | None = None
    forwarded_by: str | None = None
    note: str | None = None
    names_us: bool = True
    answerable: bool = True
    subject_tag: UUID | None = None
    amends: UUID | None = None
    suspicion: int = 0
    released_by: str | None = None
    placed_on: UUID | None = None
    hearsay: bool = False
