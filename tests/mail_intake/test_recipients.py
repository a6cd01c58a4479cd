"""Whom mail may come for, however the domain is spelled (B3, B18)."""

from pathlib import Path

import pytest
from clew_mail_intake.reading import surroundings
from clew_mail_intake.recipients import find_token, our_recipients
from clew_mail_intake.understanding.understand import understand
from clew_shared.contracts.ids import new_id
from clew_shared.contracts.reply_address import make_reply_address
from clew_shared.runtime.settings import Settings

from tests.mail_intake.mails import mail

SPELLINGS = ("in.xn--bcher-kva.example", "in.bücher.example", "IN.BÜCHER.example")


@pytest.mark.parametrize("written", SPELLINGS)
@pytest.mark.parametrize("named", SPELLINGS)
def test_a_domain_of_other_letters_is_ours_in_every_spelling(tmp_path: Path, written: str, named: str) -> None:
    """B3, B18: a reply by IMAP lost its token, as the address was read in one spelling and compared in the other."""
    team = written.lower().replace("in.", "team.")
    settings = Settings(data_dir=tmp_path, intake_domain=written, team_domains=(team,))
    ours, deal = our_recipients(settings), new_id()
    token = make_reply_address(deal, settings.intake_domain, settings.reply_keys())
    there = f"{token.rpartition('@')[0]}@{named}"
    answer = mail(f"To: <{there}>", f"From: sam@{named.lower().replace('in.', 'team.')}")
    read = understand(answer, known=surroundings(settings))
    found = find_token(read.recipients, ours)

    assert (found.token.deal_id if found.token else None, found.forged) == (deal, False)
    assert all(ours.knows(address) for address in (there, f"deals@{named}"))
    assert not ours.knows(there.replace("r.", "r.a", 1))
    known = surroundings(settings)
    assert (known.owns(read.to[0].email), known.is_colleague(read.sender.email)) == (True, True)
    assert ours.is_of_our_house(f"all@team.{named[3:]}")
