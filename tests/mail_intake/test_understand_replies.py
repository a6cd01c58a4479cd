"""What of a reply's text is the person's own (B28), as clients and languages print the rest."""

import pytest
from clew_mail_intake.understanding.html_text import html_to_text
from clew_mail_intake.understanding.reply_text import split_reply

OWN = "Ja, bitte liefern Sie am 3. Mai.\n\nThanks a lot!"
QUOTE = "> What do you think of our offer?\n> It holds until Friday.\n>\n> Regards, Bob"

OVER_A_QUOTE = [
    "---- On Mon, 02 Mar 2026 10:15:22 +0100 Sales Team <sales@example.com> wrote ----",
    "---- En Mon, 02 Mar 2026 10:15:22 +0100 Sales Team\n<sales@example.com> escribió ----",
    "2026-03-02 오전 10:15에 Sales Team 이(가) 쓴 글:",
    "Sales Team <sales@example.com>, 2 Mar 2026 Pzt,\n10:15 tarihinde şunu yazdı:",
    "po 2. 3. 2026 v 10:15 odesílatel Sales Team <sales@example.com> napsal:",
    "On Mon, Apr 2, 2012 at 6:26 PM, Megan One <megan@example.com> wrote:",
    "On 04/02/2012 06:26 PM, Megan One wrote:",
    "On Apr 3, 2012, at 4:19 PM, bob wrote:",
    "On Monday, April 2, 2012, Megan One\n<megan@example.com> wrote:",
    "On Tue, 9 Jun 2026 at 09:03, A Very Long Name That Needs Its Own Line\n<\na.very.long.name@example.com> wrote:",
    "Am 03.02.2016 um 15:35 schrieb Max Mustermann <max@example.com>:",
    "Am Di., 16. Aug. 2016 um 12:52 Uhr schrieb Erlend Heggen\n<meta@example.com>:",
    "Max Mustermann <max@example.com> schrieb am Di., 16. Aug. 2016,\n12:52:",
    'Le 4 janv. 2016 19:03, "Neil Lalonde" <neil@example.com> a écrit :',
    "Le lun. 4 janv. 2016 à 19:03, Neil <neil@example.com> a\nécrit :",
    'El 4 ene. 2016 19:03, "Neil" <neil@example.com> escribió:',
    "El lun., 4 de enero de 2016 19:03, Neil <neil@example.com>\nescribió:",
    "Il giorno lun 4 gen 2016 alle ore 19:03 Neil <neil@example.com> ha\nscritto:",
    "Il 04/01/2016 19:03, Neil ha scritto:",
    "Em seg., 4 de jan. de 2016 às 19:03, Neil <neil@example.com> escreveu:",
    "Op 2 feb. 2015 om 05:28 heeft Vanilla <vanilla@example.com> het volgende geschreven:",
    "Op ma 4 jan. 2016 om 19:03 schreef Neil <neil@example.com>:",
    "Den 15. jun. 2016 kl. 20.42 skrev Jeff <jeff@example.com>:",
    "Den mån 4 jan. 2016 kl 19:03 skrev Neil <neil@example.com>:",
    "man. 4. jan. 2016 kl. 19:03 skrev Neil <neil@example.com>:",
    "pon., 4 sty 2016 o 19:03 Neil <neil@example.com> napisał(a):",
    "W dniu 04.01.2016 o 19:03, Neil pisze:",
    "понедельник, 6 октября 2014 г. пользователь lidel написал:",
    '02.04.2012 14:20 пользователь "bob@example.com" <\nbob@example.com> написал:',
    "пн, 4 янв. 2016 г. в 19:03, Neil <neil@example.com>:",
    "пн, 4 січ. 2016 р. о 19:03 Neil <neil@example.com> пише:",
    '26.06.2014, 14:41, "Alexander L" <abc@example.com>:',
    "Thu, 26 Jun 2014 14:00:51 +0400 от Alexander L <abc@example.com>:",
    "Neil <neil@example.com> 于2016年1月4日周一 19:03写道：",
    "在 2016年1月4日，下午7:03，Neil <neil@example.com> 写道：",
    "2016年1月4日(月) 19:03 Neil <neil@example.com>:",
    "2016年1月4日 19:03、Neil <neil@example.com>のメール:",
    "2016년 1월 4일 (월) 오후 7:03, Neil <neil@example.com>님이 작성:",
    "ma 4. tammik. 2016 klo 19.03 Neil (neil@example.com) kirjoitti:",
    "po 4. 1. 2016 v 19:03 odesílatel Neil <neil@example.com> napsal:",
    "Neil <neil@example.com>, 4 Oca 2016 Pzt, 19:03 tarihinde şunu yazdı:",
    "2014-06-26 14:41 GMT+02:00 Alexander L <abc@example.com>:",
    # Gmail in Hebrew and Arabic turns the direction of writing inside the line, and back at its very end.
    "\u202bבתאריך יום ג׳, 24 בנוב׳ 2026 ב-9:41 מאת \u202aNeil\u202c\u200f <\u202aneil@example.com\u202c\u200f>:\u202c",
    "\u202bفي الثلاثاء، 24 نوفمبر 2026 في 9:41 ص تمت كتابة ما يلي بواسطة "
    "\u202aNeil\u202c\u200f <\u202aneil@example.com\u202c\u200f>:\u202c",
    "At 6/16/2016 08:32 PM, you wrote:",
    "Bob Smith wrote:",
    "Sales Team <\nsales@example.com> schrieb am Mo., 2. März 2026, 10:15:",
    "Le lun. 2 mars 2026 à 10:15, Sales Team <sales@example.com> a écrit\n:",
    "Op maandag 2 maart 2026 om 10:15:22 CET schreef\nSales Team <sales@example.com>:",
    "On Mar 2, 2026,\nat 10:15,\nSales Team <sales@example.com> wrote:",
    "On Monday, March 2, 2026\nat 10:15 AM, Sales Team\n<sales@example.com> wrote:",
    "Original Message ---------",
    "tir. 3. mar. 2026 kl. 10:15 skrev Sales Team <sales@example.com\n>:",
    "در تاریخ دوشنبه ۲ مارس ۲۰۲۶، ۱۰:۱۵ Sales Team <sales@example.com> نوشت:",
    "सोम, 2 मार्च 2026 को 10:15 am बजे को Sales Team <sales@example.com> ने लिखा:",
    "пон, 2. мар 2026. у 10:15 Sales Team <sales@example.com> је написао/ла:",
    "Missatge de Sales Team <sales@example.com> del dia dl., 2 de març 2026 a les 10:15:",
    "---- Am Mon, 02 Mar 2026 10:15:22 +0100 schrieb Sales Team <sales@example.com> ----",
    "---- 回复的原邮件 ----",
    "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐",
    "##- Please type your reply above this line -##",
    ">>> Sales Team <sales@example.com> 02.03.2026 10:15 >>>",
    "-----Original Message-----",
    "-------- Original Message --------",
    "----- Ursprüngliche Nachricht -----",
    "-----Message d'origine-----",
    "-----Mensaje original-----",
    "-----Messaggio originale-----",
    "-----Mensagem original-----",
    "-----Oorspronkelijk bericht-----",
    "-----Wiadomość oryginalna-----",
    "-----Исходное сообщение-----",
    "-----原始邮件-----",
    "------------------ 原始邮件 ------------------",
]

HEADER_BLOCKS = [
    "From: Bob <bob@example.com>\nSent: Friday, June 27, 2014 12:06\nTo: Alex\nSubject: Offer",
    "*From:* Bob\n*Sent:* 2016-01-27\n*To:* info@example.com\n*Subject:* Offer",
    "________________________________\nFrom: Bob <bob@example.com>\nSent: Friday\nTo: Alex\nSubject: Offer",
    "Von: Bob <bob@example.com>\nGesendet: Freitag, 27. Juni 2014 12:06\nAn: Alex\nBetreff: Angebot",
    "De : Bob <bob@example.com>\nEnvoyé : vendredi 27 juin 2014 12:06\nÀ : Alex\nObjet : Offre",
    "De: Bob <bob@example.com>\nEnviado el: viernes, 27 de junio de 2014 12:06\nPara: Alex\nAsunto: Oferta",
    "Da: Bob <bob@example.com>\nInviato: venerdì 27 giugno 2014 12:06\nA: Alex\nOggetto: Offerta",
    "De: Bob <bob@example.com>\nEnviada em: sexta-feira, 27 de junho de 2014 12:06\nPara: Alex\nAssunto: Oferta",
    "Van: Bob <bob@example.com>\nVerzonden: vrijdag 27 juni 2014 12:06\nAan: Alex\nOnderwerp: Aanbod",
    "Från: Bob <bob@example.com>\nSkickat: den 27 juni 2014 12:06\nTill: Alex\nÄmne: Erbjudande",
    "Od: Bob <bob@example.com>\nWysłano: piątek, 27 czerwca 2014 12:06\nDo: Alex\nTemat: Oferta",
    "От: Bob <bob@example.com>\nОтправлено: 27 июня 2014 г. 12:06\nКому: Alex\nТема: Предложение",
    "Від: Bob <bob@example.com>\nНадіслано: 27 червня 2014 р. 12:06\nКому: Alex\nТема: Пропозиція",
    "发件人: Bob <bob@example.com>\n发送时间: 2014年6月27日 12:06\n收件人: Alex\n主题: 报价",
    "Od: Bob <bob@example.com>\nWysłane: piątek, 27 czerwca 2014 12:06\nDo: Alex\nTemat: Oferta",
    "Kimden: Bob <bob@example.com>\nGönderilme: 27 Haziran 2014 12:06\nKime: Alex\nKonu: Teklif",
    "От: Bob <bob@example.com>\nИзпратено: 27 юни 2014 г. 12:06\nДо: Alex\nОтносно: Оферта",
    "Od: Bob <bob@example.com>\nSłowo bez znaczenia: 27.06.2014 12:06\nDo: Alex\nTemat: Oferta",
    "      De : Bob <bob@example.com>\n À : Alex\n Envoyé le : vendredi 27 juin 2014 12h06\n Objet : Offre",
    "-------- Message d'origine --------\nDe : Bob <bob@example.com>\nDate : 27/06/14\nÀ : a@example.com Objet : Offre",
    "-------- Original message --------From: Bob <bob@example.com> Date: 27/06/2014 To: Alex Subject: Offer",
    "====\n\nMessage du : 27/06/2014 12:06\nDe : Bob <bob@example.com>\nA : Alex\nSujet : Offre",
    "No: Bob <bob@example.com>\nNosūtīts: piektdiena, 2014. gada 27. jūnijs 12:06\nKam: Alex\nTēma: Piedāvājums",
    "از: Bob <bob@example.com>\nارسال شده: جمعه 27 ژوئن 2014 12:06\nبه: Alex\nموضوع: پیشنهاد",
    "差出人: Bob <bob@example.com>\n送信日時: 2014年6月27日 12:06\n宛先: Alex\n件名: 見積",
]


@pytest.mark.parametrize("line", OVER_A_QUOTE)
def test_what_stands_over_a_quote_and_the_quote_are_no_part_of_the_reply(line: str) -> None:
    """B28, in the languages and clients that print such a line."""
    reply = split_reply(f"{OWN}\n\n{line}\n\n{QUOTE}\n")

    assert reply.text == OWN
    assert "It holds until Friday." in reply.quoted


@pytest.mark.parametrize("line", [line for line in OVER_A_QUOTE if "Bob Smith" not in line])
def test_a_quote_without_marks_ends_the_reply_as_well(line: str) -> None:
    """B28: web mail and Outlook quote without `>`."""
    reply = split_reply(f"{OWN}\n\n{line}\n\nWhat do you think of our offer?\n")

    assert reply.text == OWN


@pytest.mark.parametrize("block", HEADER_BLOCKS)
def test_printed_headers_begin_the_quoted_mail(block: str) -> None:
    """B28, as Outlook quotes."""
    reply = split_reply(f"{OWN}\n\n{block}\n\nWhat do you think of our offer?\n")

    assert reply.text == OWN
    assert reply.forwarded is not None
    assert reply.forwarded.text == "What do you think of our offer?"


def test_a_quoted_line_that_a_mail_program_broke_is_quote_to_its_end() -> None:
    """B28: what was too long with one more mark before it goes on without a mark."""
    long = "> We would have to know from you how many of the red chairs you would like to"
    quote = f"On 04/02/2012 06:26 PM, Bob wrote:\n{long}\nhave by then\n> and of the blue ones."

    torn = "> Am 03.02.2026 um 15:35 schrieb Max\n<max@example.com>:\n>\n> Hallo"

    assert split_reply(f"{OWN}\n\n{quote}\n").text == OWN
    assert split_reply(f"{OWN}\n\n{torn}\n").text == OWN
    assert "twenty" in split_reply(f"{quote}\n\n> Do you?\ntwenty\n").text


@pytest.mark.parametrize("before", ["\n\n", "\n\nSent from Yahoo Mail on Android \n \n  ", " "])
@pytest.mark.parametrize("after", [">", "   "])
def test_a_quote_may_begin_in_the_line_that_says_who_wrote_it(before: str, after: str) -> None:
    """B28: Yahoo runs them together, and converters the reply with both."""
    line = "On Thu, 7 Jul 2016 at 10:15, Bob<bob@example.com> wrote:"

    reply = split_reply(f"{OWN}{before}{line}{after}How many?\nAnd when?\n")

    assert reply.text == OWN
    assert "How many?" in reply.quoted


def test_what_a_device_puts_under_the_quote_does_not_make_the_quote_a_part_of_the_reply() -> None:
    """B28."""
    text = f"{OWN}\n\n> On 04/02/2012 06:26 PM, Bob wrote:\n>\n{QUOTE}\n\nSent from my iPad\n"

    assert split_reply(text).text == OWN


def test_a_reply_below_the_quote_is_the_reply() -> None:
    """B28: bottom posting."""
    reply = split_reply(f"On 04/02/2012 06:26 PM, Megan One wrote:\n{QUOTE}\n\n{OWN}\n")

    assert reply.text == OWN


def test_answers_between_the_quoted_lines_are_kept_with_their_questions() -> None:
    """B28: interleaved answers."""
    text = (
        "Hi Bob,\n\nOn Mon, Apr 2, 2012 at 6:26 PM, Bob <bob@example.com> wrote:\n\n"
        "> How many chairs?\nTwenty.\n\n> Which colour?\nRed, please.\n"
    )

    reply = split_reply(text)

    assert "Hi Bob," in reply.text
    assert "> How many chairs?\nTwenty." in reply.text
    assert "> Which colour?\nRed, please." in reply.text


def test_one_answer_below_a_question_is_kept() -> None:
    """B28: a greeting above, the only answer under the quoted question."""
    reply = split_reply("Hello Bob,\n\nOn 04/02/2012 06:26 PM, Bob wrote:\n> How many chairs?\n\nTwenty.\n")

    assert "Twenty." in reply.text


@pytest.mark.parametrize(
    "text",
    [
        "> only\n> quoted",
        "On 04/02/2012 06:26 PM, Bob wrote:\n> only quoted",
        "-----Original Message-----\nFrom: b@example.com\nSubject: x\nTo: y\n\nonly a forward",
        "-- \nBob",
        "Sent from my iPhone",
        "________________\nBob",
    ],
)
def test_a_reply_is_never_left_empty(text: str) -> None:
    """B28: when stripping leaves nothing, all is kept, as text or as the mail passed on."""
    reply = split_reply(text)

    assert reply.text.split() == text.split() or (reply.forwarded is not None and reply.forwarded.text)


def test_a_quote_above_a_mail_that_is_passed_on_is_kept_with_it() -> None:
    """B28: what is cut is kept, nothing is lost."""
    text = f"> What do you think?\n> Bob\n\n-----Original Message-----\n{HEADER_BLOCKS[0]}\n\nHello\n"

    reply = split_reply(text)

    assert reply.text == ""
    assert reply.quoted.split() == text.split()


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nBob Smith\nSales",
        "--\nBob Smith",
        "—\nBob",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Gesendet von Mail für Windows",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Enviado do meu iPhone",
        "Inviato da iPhone",
        "Verzonden vanaf mijn iPhone",
        "Skickat från min iPhone",
        "Sendt fra min iPhone",
        "Wysłane z iPhone'a",
        "Отправлено с iPhone",
        "Надіслано з iPhone",
        "发自我的 iPhone",
        "從我的 iPhone 傳送",
        "iPhoneから送信",
        "나의 iPhone에서 보냄",
        "Lähetetty iPhonesta",
        "Get Outlook for iOS",
        "Sent via mobile",
        "Obtenez Outlook pour iOS<https://aka.ms/o0ukef>",
        "Lataa Outlook for Android<https://aka.ms/AAb9ysg>",
        "Outlook for iOS を入手",
        "Samsung Galaxy cihazımdan gönderildi.",
        "Στάλθηκε από το iPhone μου",
        "ส่งจาก iPhone ของฉัน",
        "Az iPhone-omról küldve",
        "iPhone’umdan gönderildi",
        "मेरे iPhone से भेजा गया",
        "Sent from TypeApp<https://www.typeapp.example/r?b=2621>",
        "Virus-free. www.avast.com",
        "Sent wirelessly from my BlackBerry",
        "—————\nBob Smith\nSales",
        "來自我的 iPhone",
    ],
)
def test_a_signature_stands_apart(signature: str) -> None:
    """B28: `-- ` and what devices put under a mail."""
    reply = split_reply(f"{OWN}\n\n{signature}\n")

    assert reply.text == OWN
    assert reply.signature.split() == signature.split()


@pytest.mark.parametrize(
    "text",
    [
        "From: Berlin\nTo: Paris\nDate: Friday\n\nCan you book this?",
        "Sent by courier on Monday, please confirm when it arrives at your warehouse.",
        "Option one\n-----\nRed chairs.\n\nOption two\n-----\nBlue chairs.",
        "## What we found\n----\n\n1. Half the time\n\n----\n\nThese are only drawn.\n\n====\n\nSo are those.",
        "Please sign here:\n\n____________\n\nand send it back to us by Friday.",
        "# Chairs\n\nTwenty.\n\n---\n\n# Tables\n\nThree.",
        "On 2 May 2026 at 10:15 Bob and I wrote down what we need:\n\ntwenty chairs",
        "Hello,\n\nwhat he said:\n\n> twenty chairs\n\nIs that right?",
        "Hello,\n\nSent from my desk, which is much easier for me than on the phone: our order.",
        "It was a bad day. On 2 May 2026 at 10:15 Bob wrote: no space left. What now?",
        "The log says: On 2 May 2026 at 10:15 Bob wrote: no space left. What now?",
        "We met on Friday.\nAs Peter wrote in his letter, all is fine.\nSo: please send the offer.",
        "Our prices:\n- chair 10:30\n- table 20:40",
        "Here is my config:\n\n    from: a@b.example\n    to: c@d.example\n    subject: test\n\nWhat is wrong?",
        "Order placed 2026-03-02 10:15 by ann@lead.example:\n\n20 chairs\n\nPlease confirm.",
        "Get Outlook working on my phone, please.\n\nIt says error 5.",
        "Hello,\n\nOn this day I wrote something.\n\nBye",
        "```\n-- a comment\n---\nselect 1\n```\n\nDoes this work?",
    ],
)
def test_what_a_person_wrote_is_not_taken_for_a_quote_or_a_signature(text: str) -> None:
    """B28: words, lists, tables and code stay whole."""
    assert split_reply(text).text == text


@pytest.mark.parametrize(
    "html",
    [
        '<div>{own}</div><div class="gmail_quote">'
        "On Mon, Bob &lt;b@example.com&gt; wrote:<blockquote>{quote}</blockquote></div>",
        '<p>{own}</p><div class="moz-cite-prefix">On 1.2.2026 at 10:00, Bob wrote:</div>'
        '<blockquote type="cite">{quote}</blockquote>',
        '<div>{own}</div><hr id="stopSpelling">'
        "Date: Thu, 26 Jun 2014<br>From: b@example.com<br>Subject: x<br><br>{quote}",
        '<p class=MsoNormal>{own}</p><div style="border:none;border-top:solid #B5C4DF 1.0pt">'
        "<p><b>Von:</b> Bob</p></div><p>{quote}</p>",
        '<div>{own}</div><div id="appendonsend"></div><hr>'
        '<div id="divRplyFwdMsg"><b>From:</b> Bob<br><b>Sent:</b> x</div>{quote}',
        '<div>{own}</div><div class="yahoo_quoted"><div>On Monday, Bob wrote:</div>{quote}</div>',
        '<div>{own}</div><div class="protonmail_quote">On Monday, Bob wrote:<br><blockquote>{quote}</blockquote></div>',
        "<div>{own}</div><br><blockquote>{quote}</blockquote>",
    ],
)
def test_a_clients_way_to_quote_in_html_is_known(html: str) -> None:
    """B28 for HTML."""
    reply = split_reply(html_to_text(html.format(own="Yes, please.", quote="The old offer.")))

    assert reply.text == "Yes, please."
    assert "The old offer." in reply.quoted


@pytest.mark.parametrize(
    "signature",
    [
        '<div dir="ltr" class="gmail_signature" data-smartmail="x"><div>Ann Lead<div>Buying</div></div></div>',
        '<div id="Signature"><div>Ann Lead</div><p>Buying</p></div>',
        '<br id="lineBreakAtBeginningOfSignature"><div dir="ltr"><div>Ann Lead</div><div>Buying</div></div>',
        '<pre class="moz-signature" cols="72">Ann Lead\nBuying</pre>',
        '<div class="protonmail_signature_block"><div>Ann Lead<br>Buying</div></div>',
        '<div name="messageSignatureSection"><br>Ann Lead<br>Buying</div>',
    ],
)
def test_what_a_client_marks_as_signature_stands_apart(signature: str) -> None:
    """B28 for HTML: words after it are words again, and a mail of nothing else is kept."""
    page = (
        f"<div>Yes, please.</div>{signature}<div>And a table.</div><div class=gmail_quote>On Monday, Bob wrote: x</div>"
    )

    reply = split_reply(html_to_text(page))

    assert reply.text.split() == ["Yes,", "please.", "And", "a", "table."]
    assert reply.signature.split() == ["Ann", "Lead", "Buying"]
    assert split_reply(html_to_text(signature)).text.split() == ["Ann", "Lead", "Buying"]


def test_a_quote_is_none_of_the_signature_that_should_stand_there() -> None:
    """B28 for HTML: an iPhone marks the place of a signature that is empty."""
    page = (
        '<div>Yes.</div><br id="lineBreakAtBeginningOfSignature"><div class="gmail_quote">On Monday, Bob wrote: x</div>'
    )

    reply = split_reply(html_to_text(page))

    assert (reply.text, reply.signature) == ("Yes.", "")


def test_a_rule_right_below_a_sentence_begins_the_signature() -> None:
    """B28: what is underlined is a heading, and headings end without a stop."""
    assert split_reply("Please send twenty chairs.\n---\nAnn Lead\n").text == "Please send twenty chairs."
    assert split_reply("Chairs\n---\nTwenty\n").text == "Chairs\n---\nTwenty"


@pytest.mark.parametrize(
    ("lines", "subject"),
    [
        ("Date : 27/06/14\nÀ : a@example.com Objet : Offre", "Offre"),
        (
            "Subject: Our offer for twenty chairs and the three tables that\nyou saw in May\nDate: Monday\nTo: Alex",
            "Our offer for twenty chairs and the three tables that you saw in May",
        ),
    ],
)
def test_the_subject_of_a_quoted_mail_is_found_where_it_was_folded(lines: str, subject: str) -> None:
    """B28, B17: into the line of the recipients, or over two lines."""
    reply = split_reply(f"{OWN}\n\n-------- Original message --------\nFrom: Bob <bob@example.com>\n{lines}\n\nHello\n")

    assert reply.forwarded is not None
    assert (reply.forwarded.subject_line, reply.forwarded.text) == (subject, "Hello")
