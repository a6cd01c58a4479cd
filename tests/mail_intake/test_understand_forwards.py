"""Whose mail a forward is (B17)."""

from base64 import encodebytes

import pytest
from clew_mail_intake.understanding.attachments import read_attachment

from tests.mail_intake.mails import OURS, mail, read

LEAD = "Lea Lead <lea@customer.example>"
WORDS = "Guten Tag, wir brauchen zwanzig Stühle."

FORWARDS = [
    (
        "Fwd: Stühle",
        f"---------- Forwarded message ---------\nFrom: {LEAD}\nDate: Mon, 4 Jan 2026 at 10:00\n"
        "Subject: Stühle\nTo: <sales@ours.example>",
    ),
    ("FW: Stühle", f"From: {LEAD}\nSent: Monday, January 4, 2026 10:00\nTo: Sales\nSubject: Stühle"),
    ("WG: Stühle", f"Von: {LEAD}\nGesendet: Montag, 4. Januar 2026 10:00\nAn: Sales\nBetreff: Stühle"),
    ("TR : Stühle", f"De : {LEAD}\nEnvoyé : lundi 4 janvier 2026 10:00\nÀ : Sales\nObjet : Stühle"),
    ("RV: Stühle", f"De: {LEAD}\nEnviado el: lunes, 4 de enero de 2026 10:00\nPara: Sales\nAsunto: Stühle"),
    ("ENC: Stühle", f"De: {LEAD}\nEnviada em: segunda-feira, 4 de janeiro de 2026 10:00\nPara: Sales\nAssunto: Stühle"),
    ("I: Stühle", f"Da: {LEAD}\nInviato: lunedì 4 gennaio 2026 10:00\nA: Sales\nOggetto: Stühle"),
    ("FW: Stühle", f"Van: {LEAD}\nVerzonden: maandag 4 januari 2026 10:00\nAan: Sales\nOnderwerp: Stühle"),
    ("VB: Stühle", f"Från: {LEAD}\nSkickat: den 4 januari 2026 10:00\nTill: Sales\nÄmne: Stühle"),
    ("PD: Stühle", f"Od: {LEAD}\nWysłano: poniedziałek, 4 stycznia 2026 10:00\nDo: Sales\nTemat: Stühle"),
    ("FW: Stühle", f"От: {LEAD}\nОтправлено: 4 января 2026 г. 10:00\nКому: Sales\nТема: Stühle"),
    ("FW: Stühle", f"Від: {LEAD}\nНадіслано: 4 січня 2026 р. 10:00\nКому: Sales\nТема: Stühle"),
    ("转发: Stühle", f"发件人: {LEAD}\n发送时间: 2026年1月4日 10:00\n收件人: Sales\n主题: Stühle"),
    (
        "Fwd: Stühle",
        f"Begin forwarded message:\n\nFrom: {LEAD}\nSubject: Stühle\nDate: 4 January 2026 at 10:00\nTo: Sales",
    ),
    (
        "Fwd: Stühle",
        f"Anfang der weitergeleiteten Nachricht:\n\n"
        f"Von: {LEAD}\nBetreff: Stühle\nDatum: 4. Januar 2026 um 10:00\nAn: Sales",
    ),
    (
        "Fwd: Stühle",
        f"-------- Forwarded Message --------\nSubject: \tStühle\nDate: \tMon, 4 Jan 2026\nFrom: \t{LEAD}\nTo: \tSales",
    ),
    (
        "Fwd: Stühle",
        "-------- Weitergeleitete Nachricht --------\n"
        f"Betreff: \tStühle\nDatum: \tMon, 4 Jan 2026\nVon: \t{LEAD}\nAn: \tSales",
    ),
    (
        "Tr: Stühle",
        "-------- Message transféré --------\n"
        f"Sujet : \tStühle\nDate : \tMon, 4 Jan 2026\nDe : \t{LEAD}\nPour : \tSales",
    ),
]


@pytest.mark.parametrize(("subject", "printed"), FORWARDS)
def test_a_colleagues_forward_is_the_mail_of_whom_they_forward(subject: str, printed: str) -> None:
    """B17: contact, title and text are the original's; the colleague's words are a note."""
    found = read(
        "From: Col League <col@ours.example>",
        f"Subject: {subject}",
        "Content-Type: text/plain; charset=utf-8",
        body=f"Can you take this one?\n\n{printed}\n\n{WORDS}\n",
    )

    assert (found.contact.email, found.contact.name) == ("lea@customer.example", "Lea Lead")
    assert found.subject_line == "Stühle"
    assert found.text == WORDS
    assert found.forwarder_note == "Can you take this one?"
    assert found.sender.email == "col@ours.example"


@pytest.mark.parametrize(("subject", "printed"), FORWARDS[:3])
def test_a_strangers_forward_stays_the_strangers(subject: str, printed: str) -> None:
    """B17: nobody but a colleague is believed about who wrote."""
    found = read(
        f"Subject: {subject}", "Content-Type: text/plain; charset=utf-8", body=f"See below\n\n{printed}\n\n{WORDS}\n"
    )

    assert found.contact.email == "ann@lead.example"
    assert found.forwarded_from is not None
    assert found.forwarded_from.email == "lea@customer.example"


def test_a_forward_as_attachment_is_the_attached_mail() -> None:
    """B17: message/rfc822."""
    inner = mail(f"From: {LEAD}", "Subject: Zwanzig", body="We need twenty.\r\n").decode()
    body = (
        "--b\r\nContent-Type: text/plain\r\n\r\nPlease handle.\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--\r\n"
    )

    found = read(
        "From: col@ours.example", "Subject: Fwd: Zwanzig", "Content-Type: multipart/mixed; boundary=b", body=body
    )

    assert found.contact.email == "lea@customer.example"
    assert found.subject_line == "Zwanzig"
    assert found.text == "We need twenty."
    assert found.forwarder_note == "Please handle."
    assert [file.type for file in found.attachments] == ["message/rfc822"]


def test_addresses_elsewhere_in_the_body_do_not_win() -> None:
    """B17: not in the note, not in the original's text, not in a signature."""
    note = "Ask boss@ours.example or mailto:other@else.example first."
    body = f"{note}\n\nFrom: {LEAD}\nSent: Monday\nTo: Sales\nSubject: Chairs\n\nReply to third@else.example.\n"

    found = read("From: col@ours.example", "Subject: FW: Chairs", body=body)

    assert found.contact.email == "lea@customer.example"


def test_a_colleagues_answer_to_a_customer_is_no_forward() -> None:
    """B17: Outlook prints the same headers under an answer; the subject tells."""
    body = f"I called them.\n\nFrom: {LEAD}\nSent: Monday\nTo: Col\nSubject: Chairs\n\nHello\n"

    found = read("From: col@ours.example", "Subject: RE: Chairs", body=body)

    assert found.contact.email == "col@ours.example"
    assert found.text == "I called them."


def test_a_forward_of_our_own_mail_does_not_make_us_the_contact() -> None:
    """B17, B22."""
    body = "See\n\n---------- Forwarded message ---------\nFrom: <deals@in.example>\nSubject: x\nTo: y\nDate: z\n\nHi\n"

    found = read("From: col@ours.example", "Subject: Fwd: x", body=body)

    assert found.contact.email == "col@ours.example"
    assert OURS.owns("deals@in.example")


def test_a_forward_without_a_word_of_the_forwarders_is_shown_whole() -> None:
    """B28: a stranger's forward is their words, though they wrote none."""
    found = read(
        "Subject: Fwd: x", body=f"---------- Forwarded message ---------\nFrom: {LEAD}\nSubject: x\nTo: y\n\nHello\n"
    )

    assert found.contact.email == "ann@lead.example"
    assert "Hello" in found.text


def test_a_mail_passed_on_among_colleagues_is_its_first_authors() -> None:
    """B17: through two hands."""
    inner = f"---------- Forwarded message ---------\nFrom: {LEAD}\nSubject: Chairs\nTo: y\n\nTwenty, please.\n"
    outer = "And you?\n\n---------- Forwarded message ---------\n"
    outer += "From: Two <two@ours.example>\nSubject: Fwd: Chairs\nTo: x\n\n"

    found = read("From: one@ours.example", "Subject: Fwd: Fwd: Chairs", body=f"{outer}For you?\n\n{inner}")

    assert (found.contact.email, found.text, found.subject_line) == (
        "lea@customer.example",
        "Twenty, please.",
        "Chairs",
    )


QUOTED = [
    "----------------\nКому: s@x\nТема: Stühle;\n04.01.2026, 10:00, {0}:\n\n{1}",
    "---------- Forwarded message ---------\nFrom: Lea Lead\n<lea@customer.example>\nDate: x\nSubject: Stühle\n\n{1}",
    "---- 转发的邮件 ----\n| 发件人 | {0} |\n| 日期 | 2026年01月04日 |\n| 收件人 | s@x |\n| 主题 | Stühle |\n{1}",
    "------------&nbsp;原始邮件&nbsp;------------\n发件人:&nbsp;{0};\n发送时间:&nbsp;2026年1月4日\n\n主题:&nbsp;Stühle\n\n{1}",
    "------------------ Original ------------------\nFrom:  {0};\nDate:  Monday\nTo:  s@x;\n\nSubject:  Stühle\n\n{1}",
    "----- Forwarded message from {0} -----\n\nDate: Monday\nFrom: {0}\nSubject: Stühle\nUser-Agent: Mutt\n\n{1}\n\n"
    "----- End forwarded message -----",
    "  ----- Forwarded Message ----- From: {0}To: s@x <s@x>Sent: Monday, 10:00 AM GMT+1Subject: Stühle\n{1}",
    "> ---------- Forwarded message ---------\n> From: {0}\n> Date: Monday\n> Subject: Stühle\n> To: s@x\n>\n> {1}",
    "> From: {0}\n> Sent: Monday, January 4, 2026 10:00\n> To: Sales\n> Subject: Stühle\n>\n> {1}",
    "*From:* {0}\n*Sent:* Monday\n*To:* Sales\n*Subject:* Stühle\n\n{1}",
    "De\u00a0: {0}\nEnvoyé\u00a0: lundi\nÀ\u00a0: Sales\nCc\u00a0: X <x@ours.example>\nObjet\u00a0: Stühle\n\n{1}",
    "Von: {0}\n\nGesendet: Montag\n\nAn: Sales\n\nCc: Wer\n\nBetreff: Stühle\n\n{1}",
    "-------- Пересылаемое сообщение --------\n04.01.2026, 10:00, {0}:\n\n{1}\n"
    "-------- Конец пересылаемого сообщения --------",
    "============ Forwarded message ============\nFrom: {0}\nTo: s@x\nDate: Mon\nSubject: Stühle\n"
    "============ Forwarded message ============\n\n{1}",
    "------- Forwarded Message -------\nFrom: {0}\nDate: On Monday\nSubject: Stühle\nTo: s@x\n\n> {1}",
    "-----Original Message-----\nFrom: {0}\n\nDate: Monday\nTo:<s@x>\n\n\nSubject: Stühle\n\n\n{1}",
    "> ---------- Original Message ----------\n> From: {0}\n> To: s@x\n> Date: Monday\n> Subject: Stühle\n>\n> {1}",
    "-------- Edastatud kiri --------\nTeema: \tStühle\nKuupäev: \tE, 4 jaan\nSaatja: \t{0}\nAdressaat: \ts@x\n\n{1}",
    "-------- Nimeta --------\nSubject: Stühle\nDate: Monday\nFrom: {0}\nTo: s@x\n\n{1}",
    "   ----- İletilmiş Mesaj ----- Kimden: {0}Kime: s@x <s@x>Gönderilen: Pazar, 10:00 GMT+3Konu: Stühle\n{1}",
    "   ----- Mensagem reencaminhada ----- De: {0}Para: s@x <s@x>Enviado: domingo, 10:00:00 CETAssunto Stühle\n{1}",
    '------ Forwarded Message ------\nFrom "Lea Lead" <lea@customer.example>\nTo s@x\nDate x\nSubject Stühle\n\n{1}',
    'On 04/01/2026, 10:00, "Lea Lead" <lea@customer.example> wrote:\n\n    {1}',
    "Lea Lead <lea@customer.example> kirjoitti 4.1.2026 10.00:\n\n    {1}",
    "Am 04.01.2026 um 10:00 schrieb {0}:\n\n> {1}",
    "From: lea@customer.example (Lea Lead)\nSent: Monday\nTo: Sales\nSubject: Stühle\n\n{1}",
]


@pytest.mark.parametrize("printed", QUOTED)
def test_a_forward_is_read_whatever_is_drawn_around_it(printed: str) -> None:
    """B17: quote marks, bold labels, hard spaces, blank lines between the labels, rules above and below."""
    found = read(
        "From: Col League <col@ours.example>",
        "Subject: Fwd: Stühle",
        "Content-Type: text/plain; charset=utf-8",
        body=f"Yours?\n\n{printed.format(LEAD, WORDS)}\n",
    )

    assert (found.contact.email, found.contact.name, found.subject_line) == (
        "lea@customer.example",
        "Lea Lead",
        "Stühle",
    )
    assert (found.text, found.forwarder_note) == (WORDS, "Yours?")


@pytest.mark.parametrize(
    ("subject", "label", "is_forward"), [("VS: Tuolit", "Lähettäjä", False), ("VS: Stole", "Fra", True)]
)
def test_the_same_mark_is_an_answer_in_finnish_and_a_forward_in_danish(
    subject: str, label: str, is_forward: bool
) -> None:
    """B17."""
    header = {"Lähettäjä": ("Lähetetty", "Vastaanottaja", "Aihe"), "Fra": ("Sendt", "Til", "Emne")}[label]
    body = f"OK\n\n{label}: {LEAD}\n{header[0]}: 4.1.2026\n{header[1]}: Col\n{header[2]}: x\n\n{WORDS}\n"

    found = read("From: col@ours.example", f"Subject: {subject}", "Content-Type: text/plain; charset=utf-8", body=body)

    assert (found.contact.email == "lea@customer.example") == is_forward


@pytest.mark.parametrize(
    "line", ["On 04/01/2026, 10:00, {0} wrote:", "Пересылаемое сообщение:\n04.01.2026, 10:00, {0}:"]
)
def test_a_forward_without_a_note_that_one_line_names_is_read(line: str) -> None:
    """B17: there is no note, and the words are not told twice."""
    body = line.format('"Lea Lead" <lea@customer.example>') + f"\n\n    {WORDS}\n"

    found = read("From: col@ours.example", "Subject: Fwd: Stühle", "Content-Type: text/plain; charset=utf-8", body=body)

    assert (found.contact.email, found.contact.name, found.forwarder_note) == ("lea@customer.example", "Lea Lead", "")
    assert found.text.strip() == WORDS


def test_a_note_below_what_is_passed_on_is_the_forwarders_too() -> None:
    """B17: where the mail stands behind marks, what has none is a note."""
    marked = f"> From: {LEAD}\n> Sent: Monday\n> To: Sales\n> Subject: Chairs\n>\n> Twenty, please."
    body = f"Yours?\n\nBegin forwarded message:\n\n{marked}\n\nThey called already.\n\n-- \nCol\n"

    found = read("From: col@ours.example", "Subject: Fwd: Chairs", body=body)

    assert (found.contact.email, found.text) == ("lea@customer.example", "Twenty, please.")
    assert found.forwarder_note.split() == ["Yours?", "They", "called", "already."]


def test_words_below_a_quote_are_an_answer_and_no_forward() -> None:
    """B17, B28: whoever answers below what they quote passes nothing on."""
    heads = (
        f"> From: {LEAD}\n> Sent: Monday\n> To: Sales\n> Subject: Chairs\n>",
        f"On 4 Jan 2026, 10:00, {LEAD} wrote:",
    )
    for head in heads:
        found = read("From: col@ours.example", "Subject: Fwd: Chairs", body=f"{head}\n> How many?\n\nTwenty.\n")

        assert "Twenty." in found.text
        assert found.contact.email == "col@ours.example"


def test_what_nobody_sees_names_nobody() -> None:
    """B17: an address in the CSS or in a hidden element does not win."""
    html = (
        "<style>a:after{content:'From: Eve <eve@else.example>'}</style><div style='display: none'>From: Eve "
        "&lt;eve@else.example&gt;<br>Sent: Monday<br>Subject: Bait<br>To: y</div><div>Yours?</div><hr>"
        "<b>From:</b> Lea Lead &lt;lea@customer.example&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Sales<br>"
        "<b>Subject:</b> Chairs<br><br>Twenty, please."
    )

    found = read("From: col@ours.example", "Subject: Fwd: Chairs", "Content-Type: text/html", body=html)

    assert (found.contact.email, found.subject_line, found.forwarder_note) == (
        "lea@customer.example",
        "Chairs",
        "Yours?",
    )


@pytest.mark.parametrize("encoding", ["7bit", "base64"])
@pytest.mark.parametrize("kind", ["message/rfc822", "application/octet-stream; name=lea.eml"])
def test_of_several_attached_mails_the_one_from_outside_counts(kind: str, encoding: str) -> None:
    """B17: with its files and its ids; a file that only ends in .eml is a mail as well, and one that is encoded."""
    attached = (
        mail("From: Two <two@ours.example>", "Subject: Look", body="Look at this"),
        mail(
            f"From: {LEAD}",
            "Subject: Zwanzig",
            "Message-ID: <first@customer.example>",
            "References: <ours@in.example>",
            "Content-Type: multipart/mixed; boundary=i",
            body="--i\r\nContent-Type: text/plain\r\n\r\nWe need twenty.\r\n--i\r\nContent-Type: application/pdf\r\n"
            "Content-Disposition: attachment; filename=plan.pdf\r\n\r\n%PDF-1.4\r\n--i--\r\n",
        ),
    )
    body = b"--b\r\nContent-Type: text/plain\r\n\r\nPlease handle.\r\n"
    for one in attached:
        body += b"--b\r\nContent-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n" % (kind.encode(), encoding.encode())
        body += (encodebytes(one) if encoding == "base64" else one) + b"\r\n"
    fields = ("From: col@ours.example", "Subject: Fwd:", "Content-Type: multipart/mixed; boundary=b")

    found = read(*fields, body=body + b"--b--\r\n")

    assert (found.contact.email, found.subject_line, found.text) == (
        "lea@customer.example",
        "Zwanzig",
        "We need twenty.",
    )
    assert found.references == ("<ours@in.example>", "<first@customer.example>")
    [plan] = [file for file in found.attachments if file.name == "plan.pdf"]
    assert read_attachment(mail(*fields, body=body + b"--b--\r\n"), plan) == b"%PDF-1.4"


def test_what_colleagues_pass_on_inside_of_an_encoded_mail_keeps_its_files() -> None:
    """B17: the mail from outside lies in a mail that has to be decoded first."""
    of_client = mail(
        f"From: {LEAD}",
        "Subject: Zwanzig",
        "Content-Type: multipart/mixed; boundary=i",
        body="--i\r\nContent-Type: text/plain\r\n\r\nWe need twenty.\r\n--i\r\nContent-Type: application/pdf\r\n"
        "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=plan.pdf\r\n\r\n"
        "JVBERi0xLjQ=\r\n--i--\r\n",
    )
    of_colleague = mail(
        "From: Two <two@ours.example>",
        "Subject: Fwd: Zwanzig",
        "Content-Type: multipart/mixed; boundary=m",
        body=b"--m\r\nContent-Type: message/rfc822\r\n\r\n" + of_client + b"\r\n--m--\r\n",
    )
    fields = ("From: col@ours.example", "Subject: Fwd:", "Content-Type: multipart/mixed; boundary=b")
    body = b"--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    body += encodebytes(of_colleague) + b"\r\n--b--\r\n"

    found = read(*fields, body=body)

    assert (found.contact.email, found.text) == ("lea@customer.example", "We need twenty.")
    [plan] = [file for file in found.attachments if file.name == "plan.pdf"]
    assert read_attachment(mail(*fields, body=body), plan) == b"%PDF-1.4"


@pytest.mark.parametrize(
    "html",
    [
        "<p>Yours?</p><table><tr><td><b>From:</b></td><td>Lea Lead &lt;lea@customer.example&gt;</td></tr><tr>"
        "<td><b>Sent:</b></td><td>Monday</td></tr><tr><td><b>To:</b></td><td>Sales</td></tr><tr><td><b>Subject:</b></td><td>Chairs"
        "</td></tr></table><br><p>Twenty, please.</p>",
        '<div dir="ltr">Yours?</div><div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        "---------- Forwarded message ---------<br>From: <strong>Lea Lead</strong> <span>&lt;"
        '<a href="mailto:lea@customer.example">lea@customer.example</a>&gt;</span><br>Date: Mon, 4 Jan 2026<br>'
        "Subject: Chairs<br>To: &lt;s@ours.example&gt;<br></div><br><br><div>Twenty, please.</div></div>",
        '<p class="MsoNormal">Yours?</p><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm">'
        "<p class=MsoNormal><b>From:</b> Lea Lead &lt;lea@customer.example&gt; <br><b>Sent:</b> Monday<br>"
        "<b>To:</b> Sales<br><b>Subject:</b> Chairs</p></div><p class=MsoNormal>&nbsp;</p>"
        "<p class=MsoNormal>Twenty, please.</p>",
        "<div>Yours?</div><br><div><br><blockquote type=cite><div>Begin forwarded message:</div><br>"
        "<div><b>From: </b>Lea Lead &lt;lea@customer.example&gt;</div><div><b>Subject: </b>Chairs</div>"
        "<div><b>Date: </b>4 January 2026</div><div><b>To: </b>s@ours.example</div><br>"
        "<div>Twenty, please.</div></blockquote>",
        '<div>Yours?</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Lea Lead '
        "&lt;lea@customer.example&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Sales<br><b>Subject:</b> Chairs</div>"
        "<div>Twenty, please.</div>",
    ],
)
def test_a_forward_in_html_alone_is_read_as_well(html: str) -> None:
    """B17: Gmail, Outlook, Apple Mail, Outlook on the web."""
    found = read("From: col@ours.example", "Subject: Fwd: Chairs", "Content-Type: text/html", body=html)

    assert (found.contact.email, found.contact.name) == ("lea@customer.example", "Lea Lead")
    assert (found.text, found.forwarder_note) == ("Twenty, please.", "Yours?")
