"""What mail programs print around other people's mail, written down from the programs and not from our own lists.

Thirteen languages: en de fr es pt it nl sv pl ru uk zh ja. `{who}` is `Name <address>`, `{name}` the name alone.
"""

from typing import Final

# The lines over a quote: of Gmail, of Apple Mail, of Thunderbird.
OVER_QUOTES: Final = (
    ("On Mon, Jan 4, 2026 at 10:12 AM {who} wrote:", "On 4 Jan 2026, at 10:12, {who} wrote:"),
    ("Am Mo., 4. Jan. 2026 um 10:12 Uhr schrieb {who}:", "Am 04.01.2026 um 10:12 schrieb {who}:"),
    ("Le lun. 4 janv. 2026 à 10:12, {who} a écrit :", "Le 4 janv. 2026 à 10:12, {who} a écrit :"),
    ("El lun, 4 ene 2026 a las 10:12, {name} (<{address}>) escribió:", "El 4 ene 2026, a las 10:12, {who} escribió:"),
    ("Em seg., 4 de jan. de 2026 às 10:12, {who} escreveu:", "Em 4 de jan. de 2026, à(s) 10:12, {who} escreveu:"),
    (
        "Il giorno lun 4 gen 2026 alle ore 10:12 {who} ha scritto:",
        "Il giorno 4 gen 2026, alle 10:12, {who} ha scritto:",
    ),
    ("Op ma 4 jan 2026 om 10:12 schreef {who}:", "Op 4 jan. 2026, om 10:12 heeft {who} het volgende geschreven:"),
    ("Den mån 4 jan. 2026 kl 10:12 skrev {who}:", "4 jan. 2026 kl. 10:12 skrev {who}:"),
    ("pon., 4 sty 2026 o 10:12 {who} napisał(a):", "Wiadomość napisana przez {who} w dniu 4 sty 2026, o godz. 10:12:"),
    ("пн, 4 янв. 2026 г. в 10:12, {who}:", "4 янв. 2026 г., в 10:12, {who} написал(а):"),
    ("пн, 4 січ. 2026 р. о 10:12 {who} пише:", "4 січ. 2026 р. о 10:12 {who} написав(ла):"),
    ("{who} 于2026年1月4日周一 10:12写道：", "2026年1月4日 10:12，{who} 写道："),
    ("2026年1月4日(月) 10:12 {who}:", "2026/01/04 10:12、{who}のメール:"),
    ("On 1/4/26 10:12, {name} wrote:", "On 04/01/2026 10:12 AM, {name} wrote:"),
    ("Am 04.01.26 um 10:12 schrieb {name}:", "Le 04/01/2026 à 10:12, {name} a écrit :"),
    ("El 4/1/26 a las 10:12, {name} escribió:", "Em 04/01/2026 10:12, {name} escreveu:"),
    ("Il 04/01/26 10:12, {name} ha scritto:", "Op 04-01-2026 om 10:12 schreef {name}:"),
    ("Den 2026-01-04 kl. 10:12, skrev {name}:", "W dniu 4.01.2026 o 10:12, {name} pisze:"),
    ("04.01.2026 10:12, {name} пишет:", "04.01.26 10:12, {name} пише:"),
    ("在 2026/1/4 10:12, {name} 写道:", "{name} wrote on 1/4/2026 10:12 AM:"),
)
# What Outlook prints over the mail below: from, sent, to, subject, and what it may print above them.
OUTLOOK: Final = (
    ("From: ", "Sent: ", "To: ", "Subject: ", "-----Original Message-----"),
    ("Von: ", "Gesendet: ", "An: ", "Betreff: ", "-----Ursprüngliche Nachricht-----"),
    ("De : ", "Envoyé : ", "À : ", "Objet : ", "-----Message d'origine-----"),
    ("De: ", "Enviado el: ", "Para: ", "Asunto: ", "-----Mensaje original-----"),
    ("De: ", "Enviada em: ", "Para: ", "Assunto: ", "-----Mensagem original-----"),
    ("Da: ", "Inviato: ", "A: ", "Oggetto: ", "-----Messaggio originale-----"),
    ("Van: ", "Verzonden: ", "Aan: ", "Onderwerp: ", "-----Oorspronkelijk bericht-----"),
    ("Från: ", "Skickat: ", "Till: ", "Ämne: ", "-----Ursprungligt meddelande-----"),
    ("Od: ", "Wysłano: ", "Do: ", "Temat: ", "-----Wiadomość oryginalna-----"),
    ("От: ", "Отправлено: ", "Кому: ", "Тема: ", "-----Исходное сообщение-----"),
    ("Від: ", "Надіслано: ", "Кому: ", "Тема: ", "-----Оригінальне повідомлення-----"),
    ("发件人: ", "发送时间: ", "收件人: ", "主题: ", "-----邮件原件-----"),
    ("差出人: ", "送信日時: ", "宛先: ", "件名: ", "-----元のメッセージ-----"),
)
# What stands over a mail passed on: by Thunderbird, by Apple Mail; then subject, date, from and to.
PASSED_ON: Final = (
    ("-------- Forwarded Message --------", "Begin forwarded message:", "Subject: ", "Date: ", "From: ", "To: "),
    (
        "-------- Weitergeleitete Nachricht --------",
        "Anfang der weitergeleiteten Nachricht:",
        *("Betreff: ", "Datum: ", "Von: ", "An: "),
    ),
    (
        "-------- Message transféré --------",
        "Début du message réexpédié :",
        *("Sujet : ", "Date : ", "De : ", "Pour : "),
    ),
    ("-------- Mensaje reenviado --------", "Inicio del mensaje reenviado:", "Asunto: ", "Fecha: ", "De: ", "Para: "),
    (
        "-------- Mensagem encaminhada --------",
        "Início da mensagem reencaminhada:",
        *("Assunto: ", "Data: ", "De: ", "Para: "),
    ),
    (
        "-------- Messaggio Inoltrato --------",
        "Inizio messaggio inoltrato:",
        *("Oggetto: ", "Data: ", "Mittente: ", "A: "),
    ),
    (
        "-------- Doorgestuurd bericht --------",
        "Begin doorgestuurd bericht:",
        *("Onderwerp: ", "Datum: ", "Van: ", "Aan: "),
    ),
    (
        "-------- Vidarebefordrat meddelande --------",
        "Vidarebefordrat brev:",
        *("Ämne: ", "Datum: ", "Från: ", "Till: "),
    ),
    (
        "-------- Treść przekazanej wiadomości --------",
        "Początek przekazanej wiadomości:",
        *("Temat: ", "Data: ", "Nadawca: ", "Adresat: "),
    ),
    (
        "-------- Перенаправленное сообщение --------",
        "Начало переадресованного сообщения:",
        *("Тема: ", "Дата: ", "От: ", "Кому: "),
    ),
    (
        "-------- Переслане повідомлення --------",
        "Початок листа, що пересилається:",
        *("Тема: ", "Дата: ", "Від: ", "Кому: "),
    ),
    ("-------- 转发的消息 --------", "开始转发的邮件：", "主题: ", "日期: ", "发件人: ", "收件人: "),
    ("-------- 転送メッセージ --------", "転送されたメッセージ:", "件名: ", "日付: ", "差出人: ", "宛先: "),
)
GMAIL_PASSED_ON: Final = "---------- Forwarded message ---------"
GMAIL_FROM: Final = (
    "From: ",
    "Von: ",
    "De : ",
    "De: ",
    "Da: ",
    "Van: ",
    "Från: ",
    "От: ",
    "Від: ",
    "发件人： ",
    "差出人: ",
)
SIGNATURES: Final = (
    "-- \nAnn Lead\nLead & Sons Ltd\n+44 20 7946 0000",
    "--\nAnn",
    "Sent from my iPhone",
    "Von meinem iPhone gesendet",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Enviado do meu iPhone",
    "Inviato da iPhone",
    "Verstuurd vanaf mijn iPhone",
    "Skickat från min iPhone",
    "Wysłane z iPhone'a",
    "Отправлено с iPhone",
    "Надіслано з iPhone",
    "发自我的 iPhone",
    "iPhoneから送信",
    "Get Outlook for Android",
    "Sent from Yahoo Mail on Android",
    "Gesendet mit der GMX Mail App",
)
