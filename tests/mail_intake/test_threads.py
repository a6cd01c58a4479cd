"""From a mail on the wire to the deal that it belongs to, all services at work (B1 to B11)."""

import asyncio
from datetime import date
from uuid import UUID

from clew_shared.contracts.reply_address import make_reply_address
from clew_shared.testing.dovecot import PASSWORD, Dovecot

from tests.mail_intake.intake import INTAKE, a_mail
from tests.mail_intake.mailroom import Mailroom

ANN = "Ann Lee <Ann@Client.example>"


async def test_a_new_sender_is_a_contact_and_a_deal_with_all_that_they_sent(mailroom: Mailroom) -> None:
    """B1: decoded name and subject, the address in small letters, the files, and the mail byte for byte."""
    raw = (
        b"From: =?utf-8?q?J=C3=BCrgen_Gro=C3=9F?= <JUERGEN@Client.EXAMPLE>\r\nTo: deals@in.localhost\r\n"
        b"Subject: =?iso-8859-1?q?Zwanzig_St=FChle?=\r\n =?iso-8859-1?q?_f=FCr_uns?=\r\n"
        b"Message-ID: <b1@client.example>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n"
        b"--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nWir brauchen St\xfchle.\r\n"
        b"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''Pl%C3%A4ne.pdf\r\n"
        b"\r\n%PDF-1.4\r\n--b--\r\n\r\n"
    )
    assert (await mailroom.send(raw)).startswith("250")
    await mailroom.post("nothing above", subject="", From="bob@client.example")

    deal, entry = await mailroom.landed("Wir brauchen Stühle.")
    assert deal["title"] == "Zwanzig Stühle für uns"
    assert (deal["contact"]["email"], deal["contact"]["name"]) == ("juergen@client.example", "Jürgen Groß")
    assert [file["name"] for file in entry["attachments"]] == ["Pläne.pdf"]
    assert await mailroom.raw(entry["enquiry_id"]) == raw
    assert (await mailroom.landed("nothing above"))[0]["title"] == "(no subject)"
    assert len(await mailroom.deals()) == 2


async def test_a_reply_is_known_by_our_id_wherever_it_stands(mailroom: Mailroom) -> None:
    """B2, B4, B8: each from somebody nobody knows, so that only the id can lead it home; also beside others' ids."""
    await mailroom.post("first", From=ANN)
    deal, _ = await mailroom.landed("first")
    ours = (await mailroom.acknowledged(deal["id"]))["message_id"]
    others = [f"<{number}@else.example>" for number in range(200)]
    headers = {
        "answered": {"In_Reply_To": ours},
        "among others answered": {"In_Reply_To": f"<a@x>, <b@x>, {ours}"},
        "referred": {"References": ours},
        "fortieth": {"References": "\r\n ".join([*others[:39], ours, *others[40:100]])},
        "last of two hundred": {"References": "\r\n\t".join([*others[:199], ours])},
        "commas": {"References": f"<a@x>,{ours},<b@x>"},
        "in capitals": {"In_Reply_To": ours.upper()},
        "bare": {"In_Reply_To": ours.strip("<>")},
        "folded inside": {"References": f"<a@x> {ours.replace('@', '@' + chr(13) + chr(10) + ' ')}"},
        "rewritten by SES": {"In_Reply_To": "<0100-1@email.amazonses.com>", "References": f"{ours} <0100-1@x>"},
        "rewritten by Exchange": {"In_Reply_To": "<AM0PR@prod.outlook.com>", "References": f"<AM0PR@x> {ours}"},
        "subject edited": {"In_Reply_To": ours, "subject": "Something else entirely"},
    }
    for number, (words, fields) in enumerate(headers.items()):
        await mailroom.post(words, **{"From": f"who{number}@else{number}.example", "subject": "Re: x", **fields})

    for words in headers:
        found, entry = await mailroom.landed(words)
        assert (found["id"], "unknown_participant" in entry["flags"]) == (deal["id"], True), words
        assert entry["match_reason"] in ("in_reply_to", "references")
    assert [each["contact"]["email"] for each in await mailroom.deals()] == ["ann@client.example"]


async def test_a_reply_address_is_found_wherever_it_stands(mailroom: Mailroom) -> None:
    """B3, B4: no header names the thread; capitals do not matter; an expired one leaves it to who they are."""
    await mailroom.post("first", From=ANN)
    deal, _ = await mailroom.landed("first")
    token = (await mailroom.acknowledged(deal["id"]))["reply_to"]
    places = ("To", "Cc", "Delivered_To", "X_Original_To", "Envelope_To")
    for number, place in enumerate(places):
        await mailroom.post(f"by {place}", **{"From": f"who{number}@else{number}.example", place: f"Deal <{token}>"})
    await mailroom.post("by RCPT", token, From="rcpt@else7.example")
    await mailroom.post("by capitals", token.upper(), From="caps@else8.example", To=token.upper())
    rewritten = {"In_Reply_To": "<0100-2@email.amazonses.com>", "To": token}
    await mailroom.post("by SES", token, From="ses@else9.example", **rewritten)

    for words in (*(f"by {place}" for place in places), "by RCPT", "by capitals", "by SES"):
        found, entry = await mailroom.landed(words)
        assert (found["id"], entry["match_reason"]) == (deal["id"], "reply_token"), words

    local = token.partition("@")[0]
    assert len(local) <= 64
    assert local == local.lower()
    altered = token.replace(local, local[:-1] + ("a" if local[-1] != "a" else "b"))
    assert (await mailroom.send(a_mail(), altered)).startswith("550")
    keys = mailroom.clew.settings.reply_keys()
    expired = make_reply_address(UUID(deal["id"]), "in.localhost", keys, date(2021, 1, 1))
    await mailroom.post("too late", expired, From="late@else10.example")
    found, entry = await mailroom.landed("too late")
    assert found["contact"]["email"] == "late@else10.example"
    assert "expired_token" in entry["flags"]


async def test_a_provider_shows_one_mail_in_two_folders_and_no_door_to_check_a_reply_address(
    mailroom: Mailroom, dovecot: Dovecot
) -> None:
    """B9: Gmail's INBOX and All Mail, and SMTP; B3: what RCPT would refuse comes by IMAP, is ignored and flagged."""
    user = "gmail-threads"
    await asyncio.to_thread(_make_folder, dovecot, user)
    for folder in ("INBOX", "AllMail"):
        mailbox = {"host": "127.0.0.1", "port": dovecot.port, "tls": "none", "username": user, "password": PASSWORD}
        await mailroom.clew.post("/api/v1/mail/mailboxes", {**mailbox, "folder": folder, "after": "seen"}, status=201)
    once = a_mail(message_id="<once@client.example>", body="only once", From=ANN)
    hop = b"Received: from a by b; Sun, 22 Nov 2026 09:00:00 +0000\r\n"
    altered = f"r.{'a' * 26}.k{'b' * 4}.{'c' * 26}@in.localhost"
    forged = a_mail(message_id="<forged@x.example>", body="by a forged address", From="eve@else.example", To=altered)
    await asyncio.to_thread(dovecot.deliver, user, once, forged)
    await asyncio.to_thread(dovecot.deliver, user, once, forged, folder="AllMail")
    await mailroom.send(hop + once)

    found, entry = await mailroom.landed("by a forged address")
    assert (found["contact"]["email"], entry["match_reason"]) == ("eve@else.example", "new")
    assert "forged_token" in entry["flags"]
    assert (await mailroom.landed("only once"))[0]["contact"]["email"] == "ann@client.example"

    async def counted() -> bool:
        counts = await mailroom.clew.get("/api/v1/mail/counts")
        return bool(counts["received"] == 5 and counts["duplicate"] == 3)

    await mailroom.clew.eventually(counted, 30)
    assert len(await mailroom.deals()) == 2


async def test_a_fresh_mail_of_a_known_sender_goes_where_the_policy_says(mailroom: Mailroom) -> None:
    """B5: the one open deal; of several the likeliest, with the others named; a new one where that is set."""
    await mailroom.post("first", From=ANN)
    first, _ = await mailroom.landed("first")
    await mailroom.post("second", From=ANN, subject="Something else")
    found, entry = await mailroom.landed("second")
    assert (found["id"], entry["match_reason"], entry["candidates"]) == (first["id"], "same_contact", [])

    await set_policy(mailroom, "always_new")
    await mailroom.post("third", From=ANN, subject="Lamps")
    other, entry = await mailroom.landed("third")
    assert (other["id"] != first["id"], entry["match_reason"]) == (True, "new")

    await set_policy(mailroom, None)
    await mailroom.post("fourth", From=ANN, subject="Which one?")
    found, entry = await mailroom.landed("fourth")
    assert "ambiguous" in entry["flags"]
    assert set(entry["candidates"]) == {first["id"], other["id"]}
    page = await mailroom.page(f"/deals/{found['id']}")
    [unchosen] = {first["id"], other["id"]} - {found["id"]}
    assert "several open deals fitted" in page
    assert f'href="/deals/{unchosen}"' in page


async def set_policy(mailroom: Mailroom, policy: str | None) -> None:
    url = f"{mailroom.clew.url}/api/v1/sources/mail:deals"
    async with mailroom.clew.http.get(url) as known:
        etag = known.headers["ETag"]
    async with mailroom.clew.http.patch(url, json={"policy": policy}, headers={"If-Match": etag}) as response:
        assert response.status == 200, await response.text()
        assert (await response.json())["policy"] == policy


async def test_a_thread_among_themselves_is_one_deal_of_whoever_began_it(mailroom: Mailroom) -> None:
    """B6, B7: to their own mail, by a colleague in copy, and two who answer a mail that we never saw."""
    await mailroom.post("begun", From=ANN, message_id="<own@client.example>", Cc="Carl <carl@partner.example>")
    deal, _ = await mailroom.landed("begun")
    await mailroom.post("to myself", From=ANN, In_Reply_To="<own@client.example>", subject="Re: changed")
    to_all = {"References": "<own@client.example>", "To": f"{INTAKE}, {ANN}"}
    await mailroom.post("from copy", From="carl@partner.example", **to_all)
    await mailroom.post("sibling one", From="dora@third.example", References="<unseen@third.example>")
    apart, _ = await mailroom.landed("sibling one")
    await mailroom.post("sibling two", From="emil@third.example", In_Reply_To="<unseen@third.example>")

    for words, home in (("to myself", deal), ("from copy", deal), ("sibling two", apart)):
        found, _ = await mailroom.landed(words)
        assert (found["id"], found["contact"]) == (home["id"], home["contact"]), words
    assert deal["id"] != apart["id"]
    assert "carl@partner.example" in await mailroom.page(f"/deals/{deal['id']}")


async def test_a_teammates_answer_to_a_notification_is_a_comment_for_the_team(mailroom: Mailroom) -> None:
    """A12: by a proven From; the reply address proves nothing, for the client has it too."""
    await mailroom.post("first", From=ANN)
    deal, _ = await mailroom.landed("first")
    ours = await mailroom.acknowledged(deal["id"])
    token, proof = ours["reply_to"], "mx.team.example; dmarc=pass header.from=team.example"
    await mailroom.post("by address", token, From="Sam <Sam@Team.example>", To=token)
    await mailroom.post(
        "by proof", From="sam@team.example", In_Reply_To=ours["message_id"], Authentication_Results=proof
    )
    by_list = {"List_Id": "<l.client.example>", "X_Original_From": "sam@team.example"}
    await mailroom.post("by a list", token, From="Ann via L <l@client.example>", To=token, **by_list)

    found, entry = await mailroom.landed("by proof")
    assert (found["id"], entry["kind"], entry["visibility"]) == (deal["id"], "comment", "internal")
    assert (entry["author"], entry["flags"]) == ("sam@team.example", [])
    for words in ("by address", "by a list"):
        found, entry = await mailroom.landed(words)
        assert (found["id"], entry["visibility"]) == (deal["id"], "shared"), words
        assert "unknown_participant" in entry["flags"], words


async def test_a_subject_alone_leads_nobody_to_somebody_elses_deal(mailroom: Mailroom) -> None:
    """B8: the stranger gets a deal of their own, that says which one its subject named."""
    await mailroom.post("hers", From=ANN, subject="Twenty chairs")
    hers, _ = await mailroom.landed("hers")
    await mailroom.post("by its id", From="eve@else.example", subject=f"Re: [deal {hers['id']}] Twenty chairs")
    await mailroom.post("by its title", From="mallory@elsewhere.example", subject="Re: Twenty chairs")

    his, entry = await mailroom.landed("by its id")
    assert his["id"] != hers["id"]
    assert (entry["match_reason"], entry["candidates"]) == ("new", [hers["id"]])
    assert "unproven_tag" in entry["flags"]
    assert (await mailroom.landed("by its title"))[0]["id"] != hers["id"]
    assert len(await mailroom.entries(hers["id"])) == 1


async def test_a_mail_that_comes_again_is_one_and_another_under_its_id_is_another(mailroom: Mailroom) -> None:
    """B9, B10: by two doors, for two aliases; without an id, with an empty one, with garbage."""
    mail = a_mail(message_id="<same@client.example>", body="the same", From=ANN)
    await mailroom.send(mail)
    await mailroom.send(b"Received: from a by b; now\r\n" + mail, "sales@in.localhost")
    await mailroom.send(mail, door="lmtp")
    await mailroom.send(a_mail(message_id="<same@client.example>", body="not the same", From="bob@else.example"))
    await mailroom.send(a_mail(message_id="<same@client.example>", body="nor the same", From=ANN))
    for number, given in enumerate((None, "", "garbage", "<>")):
        odd = a_mail(message_id=given, body=f"odd {number}", From=f"odd{number}@else{number}.example")
        await mailroom.send(odd)
        await mailroom.send(b"Received: from a by b; later\r\n" + odd)

    deal, entry = await mailroom.landed("the same")
    again, _ = await mailroom.landed("not the same")
    assert again["contact"]["email"] == "bob@else.example"
    assert (await mailroom.landed("nor the same"))[0]["id"] == deal["id"]
    kept = await mailroom.clew.get(f"/api/v1/mail/messages/{entry['enquiry_id']}")
    assert kept["to"] == [INTAKE, "sales@in.localhost"]
    ids = {(await mailroom.landed(f"odd {number}"))[1]["message_id"] for number in range(4)}
    assert len(ids) == 4
    counts = await mailroom.clew.get("/api/v1/mail/counts")
    assert (counts["received"], counts["duplicate"]) == (13, 6)
    assert await said_on(mailroom, deal["id"]) == 2


async def test_a_reply_that_comes_before_what_it_answers_waits_for_nobody_and_is_joined(mailroom: Mailroom) -> None:
    """B11: three deep, the youngest first, each from somebody else."""
    chain = [f"<{number}@client.example>" for number in range(3)]
    for number in (2, 0, 1):
        fields = {"References": " ".join(chain[:number])} if number else {}
        who = f"p{number}@part{number}.example"
        await mailroom.post(f"link {number}", message_id=chain[number], From=who, **fields)
        deal, _ = await mailroom.landed(f"link {number}")

    assert [each["id"] for each in await mailroom.deals()] == [deal["id"]]


async def test_questions_and_answers_that_come_at_the_same_moment_are_not_parted(mailroom: Mailroom) -> None:
    """B11: forty threads, each mail of its own sender, so that different workers have the two of a thread at once."""

    async def send(thread: int, number: int) -> None:
        fields = {"References": f"<0@thread{thread}.example>"} if number else {}
        who, own = f"p{number}@t{thread}x{number}.example", f"<{number}@thread{thread}.example>"
        await mailroom.post(f"mail {number} of thread {thread}", From=who, message_id=own, **fields)

    await asyncio.gather(*(send(thread, number) for thread in range(40) for number in (1, 0)))

    async def placed() -> list[int] | None:
        counts = [await said_on(mailroom, deal["id"]) for deal in await mailroom.deals()]
        return counts if sum(counts) == 80 else None

    assert await mailroom.clew.eventually(placed, 60) == [2] * 40


async def said_on(mailroom: Mailroom, deal_id: str) -> int:
    return sum(entry["kind"] == "mail_in" for entry in await mailroom.entries(deal_id))


def _make_folder(dovecot: Dovecot, user: str) -> None:
    with dovecot.sign_in(user) as client:
        client.create("AllMail")
