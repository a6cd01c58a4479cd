"""The words that mail clients print around other people's mail, in the languages that they speak."""

from typing import Final, Literal

HeaderKind = Literal["from", "date", "to", "cc", "subject", "other"]

_LABELS: Final[dict[HeaderKind, str]] = {
    "from": "from|von|de|da|van|fra|från|fran|od|от|від|od kogo|发件人|寄件者|寄件人|發件人|差出人|送信者|送信元|보낸 사람|보낸사람|"
    "lähettäjä|feladó|από|kimden|gönderen|expéditeur|remitente|mittente|afzender|afsender|avsändare|nadawca|"
    "odesílatel|odosielateľ|de la|expeditor|pošiljatelj|šalje|từ|dari|מאת|من|from name|от кого|від кого|отправитель|відправник",
    "date": "sent|date|gesendet|gesendet am|datum|envoyé|envoyé le|envoyée|enviado|enviado el|enviado em|enviada|enviada em|"
    "fecha|data|inviato|inviato il|verzonden|sendt|dato|skickat|wysłano|data wysłania|отправлено|дата|дата отправки|"
    "надіслано|发送时间|發送時間|寄件日期|日期|时间|時間|送信日時|日時|送信日|보낸 날짜|보낸날짜|날짜|lähetetty|päivämäärä|päiväys|"
    "elküldve|küldve|dátum|gönderildi|gönderme tarihi|tarih|odesláno|odoslané|dátum odoslania|trimis|poslano|poslato|"
    "gửi|ngày|dikirim|tanggal|ημερομηνία|στάλθηκε|date sent|נשלח|תאריך|تاريخ|التاريخ",
    "to": "to|an|à|a|para|per|aan|til|till|do|кому|收件人|收件者|宛先|받는 사람|받는사람|vastaanottaja|címzett|kime|alıcı|komu|pre|pour|"
    "destinataire|destinatario|empfänger|ontvanger|modtager|mottagare|odbiorca|către|za|prima|đến|kepada|προς|אל|إلى|"
    "получатель|одержувач",
    "cc": "cc|kopie|kopia|kopi|copie|copie à|copia|bcc|копия|копія|抄送|副本|参照|參照|참조|dw|udw|kopio|másolat|bilgi|kk|ccn|cci|cco|"
    "kopie (cc)|κοιν",
    "subject": "subject|betreff|objet|sujet|asunto|oggetto|assunto|onderwerp|emne|ämne|temat|тема|主题|主題|主旨|标题|件名|제목|aihe|otsikko|"
    "tárgy|konu|předmět|predmet|predmět|subiect|θέμα|zadeva|chủ đề|tiêu đề|subjek|perihal|נושא|الموضوع",
    "other": "reply-to|reply to|antwort an|antwoord aan|répondre à|responder a|rispondi a|importance|priority|priorität|"
    "wichtigkeit|attachments|anlagen|anhänge|pièces jointes|adjuntos|allegati|bijlagen|załączniki|вложения|message-id|"
    "organization|organisation|size|sender|mailed-by|signed-by|添付ファイル|附件|重要性|importancia|importanza",
}
HEADER_LABELS: Final[dict[str, HeaderKind]] = {
    word: kind for kind, words in _LABELS.items() for word in words.split("|")
}

FORWARD_PHRASES: Final = tuple(
    "forwarded message|forwarded mail|forwarded by|begin forwarded message|begin forwarded mail|forwarded|fwd message|"
    "weitergeleitete nachricht|weitergeleitete mail|weitergeleitet von|anfang der weitergeleiteten|beginn der weitergeleiteten|"
    "message transféré|message transmis|début du message|courriel transféré|forwarded msg|"
    "mensaje reenviado|mensaje reenviada|inicio del mensaje|comienzo del mensaje|comienza el mensaje|"
    "messaggio inoltrato|inizio messaggio|inizio del messaggio|"
    "mensagem encaminhada|mensagem reencaminhada|início da mensagem|início de mensagem|"
    "doorgestuurd bericht|begin doorgestuurd|doorgestuurde bericht|"
    "vidarebefordrat meddelande|vidarebefordrat mejl|vidarebefordrat brev|vidarebefordrat e-post|början på vidarebefordrat|börjar vidarebefordrat|"
    "videresendt melding|videresendt meddelelse|videresendt besked|videresendt e-post|start på videresendt|begynnelse på videresendt|begin videresendt|"
    "przekazana wiadomość|wiadomość przekazana|początek przekazywanej|początek wiadomości|wiadomość przekazywana dalej|treść przekazanej|treść przekazywanej|"
    "пересылаемое сообщение|пересланное сообщение|пересылаемое письмо|пересланное письмо|начало переадресованного|начало пересылаемого|перенаправленное сообщение|переадресованное сообщение|"
    "переслане повідомлення|пересилане повідомлення|перенаправлене повідомлення|початок переадресованого|початок листа|початок повідомлення|"
    "转发邮件|转发的邮件|转发邮件信息|转发信息|已转发邮件|被转发邮件|开始转发|轉寄郵件|轉寄的郵件|開始轉寄|轉寄訊息|已轉寄|轉發郵件|转发的消息|以下是转发的邮件|"
    "転送メッセージ|転送されたメッセージ|転送メール|전달된 메시지|전달된 메일|전달한 메시지|원본 메일 전달|"
    "välitetty viesti|alkaa välitetty viesti|přeposlaná zpráva|předávaná zpráva|přeposílaná zpráva|začátek přeposlané|preposlaná správa|továbbított üzenet|"
    "továbbított levél|mesaj redirecționat|mesaj redirecţionat|iletilen mesaj|iletilmiş ileti|yönlendirilen ileti|iletilen ileti|proslijeđena poruka|posredovano sporočilo|"
    "προωθημένο μήνυμα|tin nhắn đã chuyển tiếp|pesan terusan|הודעה שהועברה|الرسالة المعاد توجيهها".split("|")
)
ORIGINAL_PHRASES: Final = tuple(
    "original message|original mail|original email|original appointment|originalnachricht|original-nachricht|ursprüngliche nachricht|ursprüngliche e-mail|"
    "ursprungliche nachricht|urspr. nachricht|originale nachricht|originaltext|original nachricht|ursprüngliche mail|"
    "message d'origine|message d’origine|message d´origine|message original|message initial|message de départ|mail original|courriel original|mensaje original|mensaje de origen|correo original|messaggio originale|messaggio original|"
    "mensagem original|oorspronkelijk bericht|origineel bericht|oorspronkelijke bericht|originele bericht|opprinnelig melding|opprinnelig e-post|oprindelig meddelelse|original meddelelse|original besked|oprindelig besked|"
    "ursprungligt meddelande|originalmeddelande|ursprungligt mejl|ursprungsmeddelande|alkuperäinen viesti|alkuperäinen sähköposti|wiadomość oryginalna|oryginalna wiadomość|"
    "исходное сообщение|оригинальное сообщение|исходное письмо|первоначальное сообщение|оригинал сообщения|вихідне повідомлення|початкове повідомлення|оригінальне повідомлення|оригінал повідомлення|"
    "原始邮件|原始郵件|原邮件|原始信件|原始訊息|原始消息|邮件原件|元のメッセージ|オリジナルメッセージ|元のメール|원본 메시지|원본 메일|původní zpráva|pôvodná správa|eredeti üzenet|eredeti levél|"
    "mesaj original|mesajul original|orijinal mesaj|özgün ileti|orijinal ileti|asıl mesaj|izvorna poruka|izvirno sporočilo|originalna poruka|αρχικό μήνυμα|tin nhắn gốc|pesan asli|"
    "הודעה מקורית|الرسالة الأصلية|reply message|previous message|end of forwarded message".split("|")
)

# What stands for "wrote" at the end, or near it, of the line over a quote; single words, the rest is beside them.
WROTE: Final = frozenset(
    "wrote|writes|schrieb|schreibt|geschrieben|schrieben|écrit|ecrit|escribió|escribio|escribe|escrito|escriure|scritto|scrive|escreveu|escreve|"
    "schreef|geschreven|schrijft|skrev|skreiv|skrivit|skrevet|pisze|napisał|napisała|napisali|napisal|napisala|napsal|napsala|napísal|napísala|píše|"
    "написал|написала|написали|писал|писала|пишет|пише|написав|пишуть|писав|kirjoitti|kirjutas|írta|irta|yazdı|yazmış|scris|scrie|έγραψε|"
    "napisao|viết|menulis|כתב|כתבה|كتب|rašė|rakstīja|skrifaði|said".split("|")
)
ASIAN_WROTE: Final = (
    "写道", "寫道", "写到", "写了", "書きました", "のメッセージ", "님이 작성", "님이 쓴", "작성:", "작성：", "撰写", "撰寫", "來信", "来信",
)  # fmt: skip
WROTE_STARTS: Final = (
    *"on at am le la el il em no op den dne dnia w dniu в во у em data di in data a în pe på i 在 于 於 tarihinde dňa dana ".split(),
    *"понедельник вторник среда четверг пятница суббота воскресенье".split(),
)

FORWARD_PREFIXES: Final = frozenset(
    "fw|fwd|wg|tr|rv|enc|i|vb|vs|vl|pd|tm|wl|doorst|vidarebefordrat|转发|轉寄|轉發|转寄|転送|전달|fs|továbbítás|továbbított|ilet|İlt|ilt|"
    "inoltra|reenv|encaminhar|weitergeleitet|пересл|пер|fwd|переслано|přeposl|předáno|fvs|ynt-ilt|trs|res-enc|rv".lower().split(
        "|"
    )
)
REPLY_PREFIXES: Final = frozenset(
    "re|aw|sv|antw|antwort|odp|ref|rif|res|r|ris|回复|回覆|答复|答覆|返信|답장|회신|vs|bls|atb|ynt|vá|vb-re|отв|на|відп|odpov|σχετ|απ|rép|rép.|rv".split(
        "|"
    )
)
