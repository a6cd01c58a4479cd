"""What of a mail the machine rules look at, and whether a mail system signs it.

Next: clew_mail_intake.understanding.classify.classify.
"""

import re
from dataclasses import dataclass

from clew_shared.identity.subject_line import is_forward_subject, is_reply_subject

from clew_mail_intake.understanding.header_fields import Fields
from clew_mail_intake.understanding.machine_words import DAEMON, MACHINE_NAME, MACHINE_SENDER, ROLE_SENDER, TOLD_TEXT
from clew_mail_intake.understanding.parse import ParsedMail
from clew_mail_intake.understanding.read_person import is_named_as_person, speaks_to_somebody
from clew_mail_intake.understanding.understood import Person

_HEAD = 2_000
_KEEPER = re.compile(r"^post[-_.]?master$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MachineSigns:
    """What of the mail the machine rules look at."""

    parsed: ParsedMail
    fields: Fields
    sender: Person
    subject: str
    text: str
    null_sender: bool
    # What stands above what it quotes.
    words: str = ""

    @property
    def local(self) -> str:
        """What stands before the @, also of `"System Administrator"@mx.example`."""
        return self.sender.email.partition("@")[0].strip('"\\').replace(" ", "_")

    @property
    def from_daemon(self) -> bool:
        """Say whether its address is one that has nothing else to tell than what became of a mail."""
        return DAEMON.match(self.local) is not None

    @property
    def from_machine(self) -> bool:
        names_machine = MACHINE_SENDER.match(self.local) or MACHINE_NAME.search(self.sender.name)
        return bool(names_machine) or bool(MACHINE_SENDER.match(self.sender.name.strip().lower()))

    @property
    def from_program(self) -> bool:
        """Say whether it may be a program's: an office's address, and words to nobody about a mail of theirs."""
        is_told = ROLE_SENDER.match(self.local) and TOLD_TEXT.search(self.text[:_HEAD])
        return bool(is_told) and not self.by_somebody

    @property
    def by_somebody(self) -> bool:
        """Say whether it has a person's name, or greets or asks."""
        return is_named_as_person(self.sender) or speaks_to_somebody(self.text)

    @property
    def by_person(self) -> bool:
        """Say whether somebody writes from a machine's address, under their name or as a mail system's keeper."""
        if self.null_sender or not speaks_to_somebody(self.text):
            return False
        # RFC 5321 4.5.1: a person reads postmaster, and may answer from there.
        keeper = _KEEPER.match(self.sender.email.partition("@")[0]) and not MACHINE_NAME.search(self.sender.name)
        answers = is_answer_subject(self.subject) and "in-reply-to" in self.fields
        return is_named_as_person(self.sender) or bool(keeper and answers)


def is_answer_subject(subject: str) -> bool:
    """Say whether a subject begins as answers and forwards do."""
    return is_reply_subject(subject) or is_forward_subject(subject)
