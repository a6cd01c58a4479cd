"""People whose mail sounds like a machine's, and machines that say so in words alone, in many languages (B19-B21)."""

import pytest

from tests.mail_intake.mails import read

PEOPLE = [
    ("Out of office chairs", "We have run out of office chairs and need twelve more."),
    (
        "Undelivered parcels",
        "Two of the parcels were not delivered to us. Tracking says returned to sender. Can you check?",
    ),
    ("Automatic doors quote", "Please quote four automatic doors."),
    ("Re: failure notice of machine 3", "The failure notice of machine 3 came again, error 550."),
    ("Automatic reply function in your CRM?", "Does your CRM offer an automatic reply?"),
    ("Auto reply feature", "How do I turn on the auto reply feature?"),
    ("Vacation rental request", "Is the house free in July?"),
    ("Vacation: 2 rooms in August", "Do you have two rooms from 3 to 10 August?"),
    ("Urlaub: Anfrage Ferienwohnung", "Ist die Wohnung im August frei?"),
    ("Ferie: richiesta camera", "Avete una camera libera?"),
    ("Férias: pedido de orçamento", "Gostaria de um orçamento."),
    ("Semesterstuga: förfrågan", "Är stugan ledig vecka 30?"),
    ("Abwesenheitsmanagement Software", "Wir suchen eine Software für Abwesenheiten."),
    ("Urlaubsanfrage", "Wir möchten im Juni kommen."),
    ("Absence de réponse", "Je n'ai pas eu de réponse à mon message du 3 mars."),
    ("Absence de facture", "La facture n'est pas jointe."),
    ("Ausente el paquete", "Falta un paquete."),
    ("Nieobecność opiekuna - pytanie", "Kto zastępuje pana Nowaka?"),
    ("Read: the new brochure", "Read your brochure and loved it. Please call."),
    ("Read more about us", "We would like to know more."),
    ("Lu: votre catalogue", "J'ai lu votre catalogue, merci de m'appeler."),
    ("Deleted: my account", "Please delete my account and confirm."),
    ("Delivery status of order 4711", "What is the delivery status of order 4711?"),
    ("Delivery failed twice", "The courier says delivery failed twice, the address does not exist. Can you resend?"),
    ("Delivery problem", "The lorry could not deliver; nobody was there."),
    ("Mail delivery of catalogues", "Do you send catalogues by mail? Delivery failure last time."),
    ("Mail error on your website", "Your contact form says: mail error, could not send. Status 5.1.1"),
    ("Returned mail from your campaign", "Some letters came back, returned to sender."),
    ("Bounce castle hire", "How much is a bouncy castle?"),
    ("Bounced cheque", "Our cheque bounced, sorry."),
    ("User unknown when I log in", "Your shop says user unknown when I log in."),
    ("Spam complaint", "I complain about the spam you sent me. Stop it."),
    ("Abuse report", "I want to report abuse in your shop."),
    ("Zustellung fehlgeschlagen - Paket", "Die Zustellung ist fehlgeschlagen, bitte erneut senden."),
    ("Nicht zugestellt: Bestellung 12", "Meine Bestellung wurde nicht zugestellt."),
    ("Colis non remis", "Mon colis n'a pas pu être livré, non remis."),
    ("Paquete devuelto", "Mi paquete fue devuelto. No se pudo entregar."),
    ("Mancata consegna", "Consegna fallita, il pacco non è stato consegnato."),
    ("Entrega não efetuada", "A encomenda foi devolvida, não foi possível entregar."),
    ("Pakket niet bezorgd", "Het pakket is niet bezorgd. Kon niet worden afgeleverd."),
    ("Paketet inte levererat", "Paketet kunde inte levereras."),
    ("Zwrot towaru", "Chciałbym zwrócić towar, zwrot pieniędzy."),
    ("Не доставлен заказ", "Мой заказ не доставлен. Не удалось доставить."),
    ("Посилку не доставлено", "Посилку не вдалося доставити."),
    ("退件申请", "我想退件，退货。"),
    ("配達できない荷物について", "荷物が配達できないと言われました。"),
    ("OOO GmbH Anfrage", "OOO Romashka asks for an offer."),
    ('OOO "Ромашка": запрос цены', "Просим выслать цены."),
    ("Notification of change of address", "We moved. Please note our new address."),
    ("Acknowledgement of order", "Please find attached our order acknowledgement."),
    ("Eingangsbestätigung fehlt", "Ich habe keine Eingangsbestätigung erhalten."),
    ("Automatisierung Anfrage", "Wir suchen Automatisierung."),
    ("Automatische Türen", "Wir brauchen ein Angebot für automatische Türen."),
    ("Automatische Schiebetüren: Angebot", "Bitte Angebot."),
    ("Automatisch openende deuren", "Graag een offerte."),
    ("Automatisk dørlukker", "Kan I sende et tilbud?"),
    ("Réponse à votre offre", "Nous acceptons."),
    ("Réponse automatique de votre standard", "Votre standard donne une réponse automatique. Merci de rappeler."),
    ("Away game tickets", "We want tickets for the away game."),
    ("Away from home insurance", "Quote please."),
    ("On holiday in Spain - insurance", "We are on holiday in Spain from May and need insurance."),
    ("I am away next week, please call Monday", "I am away next week. Please send the quote to my colleague."),
    ("I'm out of toner", "Please send two toners."),
    ("Holiday cottage", "Free at Easter?"),
    ("Ferien: Haus am See", "Ist das Haus im Juli frei?"),
    ("Lomalla Helsingissä: huonevaraus", "Onko huoneita vapaana?"),
    ("Lesebestätigung aktivieren", "Wie aktiviere ich die Lesebestätigung?"),
    ("Accusé de réception manquant", "Je n'ai pas reçu l'accusé de réception."),
    ("Warning: could not print", "Printer 3 again."),
    ("Problem sending the form", "Your form shows an error."),
    ("Message rejected by your form", "550 rejected. My address is fine."),
    ("Undeliverable goods", "What happens with undeliverable goods?"),
    ("Cannot deliver on Monday", "We cannot deliver on Monday."),
    ("Gelesen: Ihr Artikel", "Ich habe Ihren Artikel gelesen."),
    ("自动门报价", "请报价自动门。"),
    ("自動ドアの見積もり", "自動ドアの見積もりをお願いします。"),
    ("外出自动化设备", "请报价。"),
    ("不在票について", "不在票が入っていました。"),
    ("休暇村の予約", "予約したいです。"),
    ("休假酒店预订", "想预订。"),
    ("부재중 전화", "전화 주세요."),
    ("휴가 패키지 문의", "문의드립니다."),
    ("Automatic gate, two wings", "Please call."),
    ("Auto respond to Ann?", "Who answers?"),
    ("Re: Out of office chairs - colour", "Blue please."),
    ("AW: Urlaub im Allgäu", "Wir nehmen das Zimmer."),
    ("Sick leave software", "demo?"),
    (
        "Leave management",
        "Do you sell leave management software? I am on leave until May, urgent calls to my colleague.",
    ),
    ("Returned goods", "We returned the goods."),
    ("Undelivered: order 5512", "Where is it?"),
    ("Undeliverable address in your shop", "Your shop says my address is undeliverable."),
    ("Warning: message on the display", "The machine shows: warning, 5.1.1."),
    ("Rejected message on our CNC", "550 again"),
    ("Echec de livraison", "Notre commande n'a pas été livrée."),
    ("Rückfrage zur Zustellung", "Zustellung nicht möglich?"),
    ("Congélateurs: devis", "Il nous faut dix congélateurs."),
    ("Ferienhaus am Meer", "Ist es frei?"),
    ("Semestermöbel", "Hej"),
    ("Urlop w górach - zapytanie", "Czy są wolne pokoje?"),
    ("Отпуск в Крыму", "Есть ли места?"),
    ("Відпустка: бронювання", "Чи є вільні місця?"),
    ("Assente all'assemblea", "Sarò assente all'assemblea di lunedì, mandatemi il verbale."),
    ("Je suis absent mardi", "Je suis absent mardi, pouvons-nous décaler ?"),
    ("Ik ben maandag afwezig", "Ik ben maandag afwezig, kan het dinsdag?"),
    ("Bin Montag nicht im Büro", "Ich bin Montag nicht im Büro, passt Dienstag?"),
    ("不在の時の配達", "不在にしていました。再配達をお願いします。"),
    ("自動返信機能について", "自動返信機能の料金を教えてください。"),
    ("自动回复功能咨询", "请问有自动回复功能吗？"),
    ("Autosvarsfunktion", "Har ni en autosvarsfunktion?"),
    ("Respuesta automática de su web", "Recibí una respuesta automática. ¿Me llaman?"),
    ("Spam in my inbox", "unsubscribe me please"),
    ("Read receipt question", "How do I send a read receipt?"),
    ("Complaint about order 12", "I complain about the chair."),
    (
        "Mailer daemon error on your site",
        "Your mailer-daemon returns 550 5.1.1 user unknown. Please fix; the message could not be delivered to you.",
    ),
    (
        "Fwd: Undelivered Mail Returned to Sender",
        "Can you help? I got this:\n\n> This is the mail system at host mx.\n> I'm sorry to have "
        "to inform you that your message could not be delivered\n> <x@else.example>: 550 5.1.1 "
        "user unknown",
    ),
]

AUTOMATIC = [
    ("Automatic reply: Chairs", "Thanks for your mail."),
    ("Out of Office: Chairs", "Thanks for your mail."),
    ("Automatische Antwort: Stühle", "Thanks for your mail."),
    ("Réponse automatique : Chaises", "Thanks for your mail."),
    ("Respuesta automática: Sillas", "Thanks for your mail."),
    ("Resposta automática: Cadeiras", "Thanks for your mail."),
    ("Risposta automatica: Sedie", "Thanks for your mail."),
    ("Automatisch antwoord: Stoelen", "Thanks for your mail."),
    ("Automatiskt svar: Stolar", "Thanks for your mail."),
    ("Autosvar: Stole", "Thanks for your mail."),
    ("Odpowiedź automatyczna: Krzesła", "Thanks for your mail."),
    ("Автоматический ответ: Стулья", "Thanks for your mail."),
    ("Автоматична відповідь: Стільці", "Thanks for your mail."),
    ("自动答复: 椅子", "Thanks for your mail."),
    ("自动回复：椅子", "Thanks for your mail."),
    ("自動応答: 椅子", "Thanks for your mail."),
    ("Autoreply", "Thanks for your mail."),
    ("Abwesenheitsnotiz: Angebot", "Thanks for your mail."),
    ("[Auto-Reply] Re: offer", "Thanks for your mail."),
    ("Fuori ufficio: Sedie", "Thanks for your mail."),
    ("Afwezigheidsbericht: offerte", "Thanks for your mail."),
    ("Frånvaro: offert", "Thanks for your mail."),
    ("Vacation reply", "Thanks for your mail."),
    ("Away message", "Thanks for your mail."),
    ("Away until May 5", "I am currently away returning to the office on May 5th. I will respond upon my return."),
    ("On vacation", "I am on vacation and will be back on Monday."),
    ("Holiday", "Our office is closed until 2 January. In urgent cases call +44."),
    (
        "Urlaub bis 5. Mai",
        "Guten Tag, ich bin bis zum 5. Mai im Urlaub. In dringenden Fällen wenden Sie sich an meine Vertretung.",
    ),
    ("Ferien", "Vielen Dank. Ich bin vom 1. bis 14. August nicht im Büro und ab dem 15. August wieder erreichbar."),
    ("Absence", "Bonjour, je suis actuellement absent. En cas d'urgence, appelez le standard. De retour le 5 mai."),
    ("Congés", "Je suis en congés, de retour le 12 août."),
    ("Vacaciones", "Estoy de vacaciones. Vuelvo el 12 de agosto."),
    ("Ausente hasta el lunes", "Estaré fuera de la oficina. Para algo urgente, llame."),
    ("Férias", "Estou de férias. Em caso urgente, ligue."),
    ("In ferie", "Sono in ferie fino al 20 agosto. Per urgenze scrivere a info."),
    ("Assente", "Sono assente, rientro lunedì."),
    ("Op vakantie", "Ik ben op vakantie en ben maandag terug."),
    ("Semester", "Hej, jag är på semester och är åter den 5 augusti."),
    ("Urlop", "Jestem na urlopie. W pilnych sprawach proszę dzwonić. Wracam 5 sierpnia."),
    ("В отпуске", "Я в отпуске до 5 мая. По срочным вопросам звоните."),
    ("У відпустці", "Я зараз у відпустці. З термінових питань телефонуйте."),
    ("休假", "我目前在休假，5月5日返回。紧急事宜请联系同事。"),
    ("休暇中", "休暇中です。5月5日に戻ります。"),
    ("Automatic reply: Re: Chairs", "x"),
    ("Out of Office AutoReply: Chairs", "x"),
    ("Out of office until 5 May", "I am out of the office until 5 May."),
    ("Abwesend bis 5.5.", "Ich bin bis 5.5. abwesend. Ihre Mail wird nicht weitergeleitet."),
    ("Automatische Eingangsbestätigung", "Vielen Dank"),
    ("Fravær: tilbud", "x"),
    ("Je suis absente jusqu'au 5 mai", "Je suis absente jusqu'au 5 mai. En cas d'urgence, contactez ma collègue."),
    ("Maternity leave", "I am on maternity leave and will return in May 2027."),
    ("Estoy fuera de la oficina", "Estoy fuera de la oficina hasta el lunes, vuelvo el martes."),
    ("Nieobecność: oferta", "Jestem nieobecna do 5 maja."),
    ("Automatyczna odpowiedź", "x"),
    ("不在通知: 椅子", "x"),
    ("外出自动回复", "x"),
    (
        "[Ticket#123] Ihre Anfrage ist eingegangen",
        "Vielen Dank für Ihre Nachricht.\nDiese Nachricht wurde automatisch generiert.",
    ),
    ("We received your request", "Hi Ann,\n\nThis is an automatic reply to let you know we got your mail."),
]

SAYING_SO = [
    "This is an automated response. We have received your request and will answer soon.",
    "*** This is an automatically generated email, please do not reply ***",
    "Dies ist eine automatisch generierte Antwort.\nIhr Anliegen ist eingegangen.",
    "Diese E-Mail wurde automatisch erstellt.",
    "Ceci est une réponse automatique. Nous avons bien reçu votre message.",
    "Este es un mensaje automático.",
    "Questo è un messaggio automatico.",
    "Esta é uma mensagem automática.",
    "Dit is een automatisch bericht.",
    "To jest automatyczna odpowiedź.",
    "Это автоматический ответ.",
    "Це автоматична відповідь.",
    "这是一封自动回复邮件。",
    "このメールは自動返信です。",
]

NOT_DELIVERED = [
    (
        "Unzustellbar: Angebot",
        "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder "
        "Gruppen:\n\nweg@else.example\nDie eingegebene E-Mail-Adresse konnte nicht gefunden werden.",
    ),
    ("Non remis : Offre", "Échec de la remise à ces destinataires ou groupes :\n\nparti@else.example"),
    (
        "No se puede entregar: Oferta",
        "No se pudo entregar el mensaje a estos destinatarios o grupos:\n\nx@else.example",
    ),
    ("Não é possível entregar: Oferta", "Falha na entrega para estes destinatários ou grupos:\n\nx@else.example"),
    ("Non recapitabile: Offerta", "Recapito non riuscito per i destinatari o gruppi seguenti:\n\nx@else.example"),
    ("Onbestelbaar: Offerte", "Uw bericht is niet bezorgd bij een of meer geadresseerden.\n\nx@else.example"),
    (
        "Det går inte att leverera: Offert",
        "Leverans misslyckades till följande mottagare eller grupper:\n\nx@else.example",
    ),
    (
        "Nie można dostarczyć: Oferta",
        "Niepowodzenie dostarczenia do następujących adresatów lub grup:\n\nx@else.example",
    ),
    ("Недоставленное сообщение: Предложение", "Ошибка доставки следующим адресатам или группам:\n\nx@else.example"),
    ("Не вдалося доставити: Пропозиція", "Помилка доставки таким адресатам або групам:\n\nx@else.example"),
    ("无法送达: 报价", "未能向以下收件人或组传递邮件：\n\nx@else.example"),
    ("配信不能: 見積", "次の受信者またはグループへの配信に失敗しました:\n\nx@else.example"),
    ("Undeliverable: Offer", "Delivery has failed to these recipients or groups:\n\nx@else.example"),
]

OTHER_SYSTEMS = [
    (
        "DELIVERY FAILURE: User weg (weg@else.example) not listed in Domino Directory",
        "Your message\n\n  Subject: Offer\n\nwas not delivered to:\n\n  "
        "weg@else.example\n\nbecause:\n\n  User weg not listed in Domino Directory",
        "Postmaster@else.example",
    ),
    (
        "ZUSTELLFEHLER: Benutzer weg nicht im Domino-Verzeichnis aufgelistet",
        "Ihre Nachricht\n\n  Betreff: Angebot\n\nwurde nicht zugestellt an:\n\n  weg@else.example\n\nweil: ...",
        "Postmaster@else.example",
    ),
    (
        "failure notice",
        "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver "
        "your message to the following addresses.\n\n<gone@else.example>:\nno mailbox here by that "
        "name",
        "MAILER-DAEMON@mx.example",
    ),
    (
        "Mail konnte nicht zugestellt werden",
        "Die Mail an gone@else.example konnte nicht zugestellt werden: 550 User unknown",
        "Mail Delivery System <mailer-daemon@mx.example>",
    ),
]

UTF8 = "Content-Type: text/plain; charset=utf-8"
EXCHANGE = "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@firma.example>"


HEADERS = ["X-Mailer: none", "Auto-Submitted: no", "X-Auto-Response-Suppress: OOF, AutoReply"]


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize(("subject", "body"), PEOPLE)
def test_a_person_who_writes_of_such_things_is_a_person(subject: str, body: str, header: str) -> None:
    """B19-B21: at most one of two hundred ordinary mails may be taken for a machine's; of these none is."""
    found = read(f"Subject: {subject}", UTF8, header, body=body, mail_from="ann@lead.example")

    assert found.verdict == "enquiry", found.reasons


@pytest.mark.parametrize(("subject", "body"), AUTOMATIC)
def test_an_absence_note_without_a_header_that_says_so_is_known(subject: str, body: str) -> None:
    """B20: by its subject, or by subject and text together."""
    found = read(f"Subject: {subject}", UTF8, body=body, mail_from="ann@lead.example")

    assert found.verdict == "auto_reply", found.reasons


@pytest.mark.parametrize("body", SAYING_SO)
def test_an_answer_that_calls_itself_automatic_is_automatic(body: str) -> None:
    """B20: a ticket system's acknowledgement under the subject of the question."""
    assert read("Subject: Re: Chairs", UTF8, body=body).verdict == "auto_reply"


@pytest.mark.parametrize(("sender", "path"), [(EXCHANGE, ""), ("postmaster@firma.example", ""), (EXCHANGE, None)])
@pytest.mark.parametrize(("subject", "body"), NOT_DELIVERED)
def test_exchange_speaks_many_languages(subject: str, body: str, sender: str, path: str | None) -> None:
    """B19: without the report that a gateway took out."""
    found = read(f"From: {sender}", f"Subject: {subject}", UTF8, body=body, mail_from=path)

    assert found.verdict == "bounce", found.reasons
    assert found.dsn is not None
    assert (found.dsn.recipient or "").endswith("@else.example")


@pytest.mark.parametrize(("subject", "body", "sender"), OTHER_SYSTEMS)
def test_notes_and_qmail_bounce_in_words(subject: str, body: str, sender: str) -> None:
    """B19."""
    found = read(f"From: {sender}", f"Subject: {subject}", UTF8, body=body, mail_from="")

    assert found.verdict == "bounce", found.reasons
    assert found.dsn is not None
    assert (found.dsn.recipient or "").endswith("@else.example")


@pytest.mark.parametrize(
    ("sender", "subject"),
    [
        ("nagios@mon.example", "** PROBLEM Service Alert: db/CPU is CRITICAL **"),
        ("root@host.example (Cron Daemon)", "Cron <root@host> /usr/bin/backup"),
        ("zabbix@mon.example", "Problem: disk full"),
        ("Grafana <grafana@mon.example>", "[FIRING:1] disk"),
        ("alertmanager@mon.example", "[RESOLVED] x"),
        ("logwatch@host.example", "Logwatch for host"),
    ],
)
def test_a_program_that_watches_machines_opens_no_deal(sender: str, subject: str) -> None:
    """B21."""
    assert read(f"From: {sender}", f"Subject: {subject}", body="CRITICAL").verdict == "auto_reply"


@pytest.mark.parametrize("words", ["Sale! Unsubscribe here", "Neues! Abmelden", "Promo. Se désabonner", "退订"])
def test_a_newsletter_that_can_be_left_is_mail_to_many(words: str) -> None:
    """B21: List-Unsubscribe and the words for it."""
    assert read("List-Unsubscribe: <https://shop.example/u>", UTF8, body=words).verdict == "list"


@pytest.mark.parametrize(
    "header", [("X-Auto-Response-Suppress: All", "Subject: Read: Offer"), ("Subject: Gelesen: Angebot",)]
)
def test_a_receipt_without_its_report_is_known(header: tuple[str, ...]) -> None:
    """B21."""
    assert read(*header, body="Your message was read.", mail_from="").verdict == "auto_reply"
