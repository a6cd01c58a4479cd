"""From a mail on the wire to the person who wrote it, all services at work (B13, B14, B16 to B18)."""

from tests.mail_intake.intake import INTAKE, a_mail
from tests.mail_intake.mailroom import Mailroom

ANN = "Ann Lee <ann@client.example>"
COLLEAGUE = "Sam <sam@team.example>"
PASSES = "mx.team.example; dmarc=pass header.from=client.example"
FAILS = "mx.team.example; spf=fail; dkim=none; dmarc=fail (p=reject) header.from=client.example"
LEAD = "Lea Lead <lea@customer.example>"


async def test_who_is_not_who_they_say_reaches_no_deal(mailroom: Mailroom) -> None:
    """B13, B14: with ids and a reply address that are true; forged results below, in comments, of others, count not."""
    await mailroom.post("truly", From=ANN, message_id="<true@client.example>", Authentication_Results=PASSES)
    deal, entry = await mailroom.landed("truly")
    assert entry["flags"] == []
    told = await mailroom.acknowledged(deal["id"])
    hints = {"In_Reply_To": told["message_id"], "To": told["reply_to"], "From": ANN}
    comment = "mx.team.example; spf=pass (sender ( dmarc=pass (((a)))) b) smtp.mailfrom=x"
    await mailroom.post("spoofed", told["reply_to"], subject="Spoofed", Authentication_Results=FAILS, **hints)
    for words, value in (
        ("by another server", "mx.evil.example; dmarc=pass"),
        ("by a comment", comment),
        ("by a quote", 'mx.team.example; spf=pass smtp.mailfrom="x; dmarc=pass"'),
        ("by another method", "mx.team.example; x-dkim=pass; x-dmarc=pass"),
        ("by an error", "mx.team.example; dmarc=temperror"),
    ):
        await mailroom.post(words, From=ANN, Authentication_Results=value)
        assert "unverified_sender" in (await mailroom.landed(words))[1]["flags"], words

    assert (await mailroom.judged("Spoofed"))["verdict"] == "quarantine"
    assert len(await mailroom.entries(deal["id"])) - len(await our_entries(mailroom, deal["id"])) == 6
    assert [each["id"] for each in await mailroom.deals()] == [deal["id"]]


async def our_entries(mailroom: Mailroom, deal_id: str) -> list[str]:
    return [entry["kind"] for entry in await mailroom.entries(deal_id) if entry["kind"] != "mail_in"]


async def test_forms_and_lists_are_their_visitors_and_authors(mailroom: Mailroom) -> None:
    """B16: Reply-To of our site's mail unless it is ours, the labels in its text, Google's via, Mailman's munging."""
    listed = {"Precedence": "list", "List_Id": "<sales.lists.example>", "To": "sales@lists.example"}
    site = "Website <wordpress@team.example>"
    mails: dict[str, tuple[str, dict[str, str]]] = {
        "Form.": (
            "f1@customer.example",
            {"From": site, "Reply_To": "Lea <F1@Customer.example>", "Authentication_Results": PASSES},
        ),
        "Name: Lea\r\nE-Mail: f2@customer.example": ("f2@customer.example", {"From": site}),
        "Looped.": ("wordpress@team.example", {"From": site, "Reply_To": INTAKE}),
        "Google.": (
            "f3@customer.example",
            {"From": "'Lea' via Sales <s@lists.example>", "X_Original_From": "f3@customer.example", **listed},
        ),
        "Mailman.": (
            "f4@customer.example",
            {"From": "Lea via Sales <s@lists.example>", "Reply_To": "Lea <f4@customer.example>", **listed},
        ),
        "Not theirs.": ("f5@customer.example", {"From": "f5@customer.example", "Reply_To": "victim@client.example"}),
    }
    for words, (_, fields) in mails.items():
        await mailroom.post(words, **fields)

    for words, (email, _) in mails.items():
        deal, entry = await mailroom.landed(words.partition("\r")[0])
        # What is proven of the site proves nothing of whom it names.
        assert (deal["contact"]["email"], "unverified_sender" in entry["flags"]) == (email, True), words


async def test_what_somebody_says_of_another_touches_no_deal_of_theirs(mailroom: Mailroom) -> None:
    """B14, B16, B17: who is quarantined as the client came as a foreign form's, or as a colleague's, onto the deal."""
    await mailroom.post("truly", From=ANN, message_id="<own@client.example>", Authentication_Results=PASSES)
    deal, _ = await mailroom.landed("truly")
    form = {"From": "web@evil.example", "Reply_To": ANN, "In_Reply_To": "<own@client.example>"}
    await mailroom.post("Pay X.", Authentication_Results="mx.team.example; dmarc=pass header.from=evil.example", **form)
    printed = f"FYI\r\n\r\n-----Original Message-----\r\nFrom: {ANN}\r\nSent: Monday\r\nSubject: Y\r\n\r\nPay Y."
    unproven = {"Authentication_Results": "mx.team.example; spf=fail; dkim=none; dmarc=none", "subject": "FW: Y"}
    await mailroom.post(printed, From=COLLEAGUE, **unproven)

    for words in ("Pay X.", "Pay Y."):
        apart, entry = await mailroom.landed(words)
        assert (apart["id"] != deal["id"], apart["contact"]["email"]) == (True, "ann@client.example"), words
        assert (entry["match_reason"], entry["flags"]) == ("new", ["hearsay", "unverified_sender"]), words
        assert "Sender confirmed" not in await mailroom.page(f"/mail/messages/{entry['enquiry_id']}"), words
    sent = (await mailroom.clew.get("/api/v1/sandbox/messages", limit=500))["items"]
    assert [each["deal_id"] for each in sent if each["to"] == "ann@client.example"] == [deal["id"]]


async def test_a_forward_of_a_colleague_is_the_leads_and_of_a_stranger_is_the_strangers(mailroom: Mailroom) -> None:
    """B17: contact, title, words, files; the colleague's words are a note for the team; nobody spoofs by forwarding."""
    printed = f"From: {LEAD}\r\nSent: Monday\r\nTo: Sam\r\nSubject: Twenty chairs\r\n\r\nWe need twenty."
    parts = [
        "Content-Type: text/plain\r\n\r\nFor the board? Or ask boss@team.example.\r\n\r\n" + printed,
        "Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=plan.pdf\r\n\r\n%PDF-1.4",
    ]
    mixed = {"Content_Type": "multipart/mixed; boundary=b", "subject": "FW: Twenty chairs"}
    await mailroom.post(_multipart(*parts), From=COLLEAGUE, **mixed)
    deal, entry = await mailroom.landed("We need twenty.")
    assert (deal["title"], deal["contact"]["email"]) == ("Twenty chairs", "lea@customer.example")
    assert deal["contact"]["name"] == "Lea Lead"
    assert [file["name"] for file in entry["attachments"]] == ["plan.pdf"]
    [note] = [each for each in await mailroom.entries(deal["id"]) if each["kind"] == "note"]
    assert (note["body"], note["visibility"]) == ("For the board? Or ask boss@team.example.", "internal")
    assert note["author"] == "sam@team.example"

    inner = a_mail(subject="Lamps", message_id="<l@third.example>", body="Ten lamps.", From="Max <max@third.example>")
    attached = "Content-Type: message/rfc822\r\n\r\n" + inner.decode()
    whole = {**mixed, "subject": "Fwd: Lamps"}
    await mailroom.post(_multipart("Content-Type: text/plain\r\n\r\nYours.", attached), From=COLLEAGUE, **whole)
    deal, _ = await mailroom.landed("Ten lamps.")
    assert (deal["title"], deal["contact"]["email"]) == ("Lamps", "max@third.example")
    await mailroom.post("And shades.", From="eve@third.example", In_Reply_To="<l@third.example>")
    assert (await mailroom.landed("And shades."))[0]["id"] == deal["id"]

    await mailroom.post(f"Look.\r\n\r\n{printed}", From="mallory@else.example", subject="FW: Twenty chairs")
    deal, _ = await mailroom.landed("Look.")
    assert deal["contact"]["email"] == "mallory@else.example"


def _multipart(*parts: str) -> str:
    return "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--"


async def test_a_sender_is_read_however_they_are_written(mailroom: Mailroom) -> None:
    """B18: several, a group, one encoded word, comments, quotes, other scripts; nobody at all waits for a person."""
    written = {
        "several": ("a@one.example, b@two.example", "a@one.example", None),
        "group": ("Sales: c@one.example;", "c@one.example", None),
        "encoded": ("=?utf-8?q?=22Dora=22_=3Cd@one.example=3E?=", "d@one.example", "Dora"),
        "comments": ("e@one.example (Emil (the first) Noether)", "e@one.example", "Emil the first Noether"),
        "quotes": ('"Foo, \\"Bar\\" Baz" <f@one.example>', "f@one.example", 'Foo, "Bar" Baz'),
        "punycode": ("G <g@xn--bcher-kva.example>", "g@xn--bcher-kva.example", "G"),
        "unicode": ("Hélène <hélène@bücher.example>", "hélène@xn--bcher-kva.example", "Hélène"),
    }
    for words, (value, _, _) in written.items():
        await mailroom.post(f"Words of {words}.", From=value)
    for number, nobody in enumerate(("", "nobody at all", "<>", "undisclosed-recipients:;")):
        await mailroom.post("Nobody's.", From=nobody, subject=f"Nobody{number}", message_id=f"<n{number}@x.example>")

    for words, (_, email, name) in written.items():
        deal, _ = await mailroom.landed(f"Words of {words}.")
        assert (deal["contact"]["email"], deal["contact"]["name"]) == (email, name), words
    verdicts = [(await mailroom.judged(f"Nobody{number}"))["verdict"] for number in range(4)]
    assert verdicts == ["quarantine"] * 4
    assert len(await mailroom.deals()) == len(written)
