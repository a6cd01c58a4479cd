"""The phrases by which machines say that a mail did not arrive, or that nobody is there to read it."""

import re
from typing import Final

MACHINE_SENDER: Final = re.compile(
    r"^(?:mailer[-_.]?daemons?|mail[-_.]?daemon|mdaemon|post[-_.]?master|mail[-_.]?deliver\w*(?:[-_.]?(?:system|subsystem|service|agent))?|"
    r"mail\.delivery\.(?:sub)?system|maildeliver\w*|bounces?|bounced?[-+.].*|double-bounce|mailer|delivery[-_.]?(?:status|failure|error|report).*|"
    r"mail[-_.]?(?:error|failure|system|admin)s?|nondelivery|undeliverable|ndr|dsn|autoresponse-bounce|mailerdaemon.*|microsoftexchange[0-9a-f]{8,}|"
    r"smtp[-_.]?(?:gateway|daemon)|system[-_.]?admin(?:istrator)?|imail|symantec_antivirus.*|antivirus|mail_system|smtpd|qmail)$"
)
MACHINE_NAME: Final = re.compile(
    r"mail(?:er)?[- ]?daemon|mail deliver(?:y|er)?[- ]?(?:sub)?system|mail deliver system|mail delivery (?:service|agent|software)|postmaster|"
    r"system administrator|delivery subsystem|internet mail delivery|mail router|mail transfer agent|mailsystem|microsoft outlook|"
    r"delivery (?:status )?notification|mail administrator|system attendant|mail server|e-?mail gateway",
    re.IGNORECASE,
)
NO_REPLY: Final = re.compile(
    r"(?:^|[-_.+])(?:no|not|do-?not|dont|ne|kein|nao|nincs)[-_.]?(?:reply|respond|repl?y|antwort\w*|responder|pas-?repondre)|^noreply|^bounce",
    re.IGNORECASE,
)

BOUNCE_SUBJECT: Final = re.compile(
    r"undeliver(?:ed|able)|un-?deliverable|undelivered mail returned|returned mail|mail (?:delivery )?(?:failed|failure|error|returned)|(?:mail|message|e-?mail)[ -]*(?:delivery|system)?[ -]*(?:failure|failed|error|rejected)|"
    r"delivery[ -]?(?:status|failure|failed|failure notice|has failed|problem|error|report|notification|incomplete|delayed|unsuccessful|attempt|warning|\(failure\))|failure (?:notice|delivery|notification|notif)|failed (?:delivery|mail|message)|"
    r"non[- ]?deliver(?:y|able)|not (?:be )?delivered|could ?n[o']t (?:be )?(?:send|sent|deliver)|unable to deliver|cannot (?:send|deliver)|could not send|wasn'?t delivered|permanent (?:delivery )?(?:failure|error)|transient failure|"
    r"returning (?:message )?to sender|return(?:ed)? to sender|returned (?:to sender|email|message)|bounce(?:d)?(?: (?:message|mail|action|notification|address))|user unknown|unknown user|warning: (?:could not|message|e?mail)|delayed mail|mail delay|still being retried|message delayed|delivery delay|"
    r"rejected (?:mail|message|recipient)|(?:mail|message) (?:was |has been )?(?:blocked|rejected|refused|quarantined|undeliverable)|mail system error|error sending|problem (?:sending|delivering)|unzustellbar|nicht zugestellt|zustellung(?:s)?(?:fehler|fehlgeschlagen| fehlgeschlagen|status)|unzustellbarkeit|"
    r"non remis|échec de (?:la )?(?:remise|livraison|distribution)|remise (?:impossible|échouée)|non distribu|message non délivr|no (?:se pudo|se puede) entregar|no entregad|devuelto|entrega fallida|fallo (?:de|en la) entrega|non recapitat|mancato recapito|impossibile recapitare|consegna fallita|"
    r"não (?:foi )?entregue|falha na entrega|não entregue|devolvid|niet (?:bezorgd|afgeleverd|bestelbaar)|onbestelbaar|bezorging mislukt|ikke leveres|ikke levert|kunne ikke leveres|kan inte levereras|olevererbart|inte levererats|ei voitu toimittaa|toimittaminen epäonnistui|nie (?:została )?dostarczon|niedostarcz|zwrot|"
    r"недоставлен|не доставлен|не удалось доставить|невозможно доставить|доставк\w* не|не вдалося доставити|недоставл|退信|退件|无法(?:投递|送达|发送)|無法(?:傳遞|投遞|送達)|未送达|未傳遞|配信(?:でき|不能|エラー|失敗)|配達(?:でき|不能|エラー)|送信(?:エラー|できません)|エラーメール|不達|전송 실패|반송|배달(?:되지| 실패|할 수 없)|"
    r"nedoručiteln|nebylo doručen|kézbesíthetetlen|teslim edilemedi|iletilemedi|αδύνατη η παράδοση|failure notice|mail failure|mailer[- ]daemon|delivery unsuccessful|temporarily deferred|message you sent blocked|notification of (?:un|non)",
    re.IGNORECASE,
)
# One of these in the text of a mail from a machine says that it is about a mail which did not arrive.
BOUNCE_TEXT: Final = tuple(
    "could not be delivered|couldn't be delivered|could not deliver|was not delivered|not delivered to|wasn't delivered|cannot be delivered|can not be delivered|unable to deliver|undeliverable|unable to be delivered|not able to deliver|wasn't able to deliver|"
    "had permanent fatal errors|had transient non-fatal errors|had delivery errors|had delivery problems|transcript of session|delivery to the following recipient|delivery failed|delivery failure|delivery has failed|failed to deliver|failed permanently|"
    "permanent error|permanent failure|permanent fatal|fatal errors|user unknown|unknown user|no such user|mailbox unavailable|mailbox is full|mailbox full|over quota|quota exceeded|exceeded storage|host unknown|unrouteable address|unroutable|recipient address rejected|"
    "did not reach the following recipient|did not reach|undelivered message|undelivered mail|returned to sender|returning message|returned because|returned message|has been returned|original message follows|message headers follow|there was an error delivering|error delivering|"
    "still being retried|has not yet been delivered|will be retried|delivery attempts will continue|delayed|giving up|gave up|too many hops|mail loop|rejected by|was rejected|been rejected|refused to accept|remote host said|smtp error|"
    "technical details of|failed recipient|failed addresses follow|unknown address|address not found|invalid recipient|recipient unknown|does not exist|doesn't exist|account has been disabled|no mailbox here|the following address|following recipients|following recipient|"
    "this is an automatically generated delivery status notification|action: failed|final-recipient:|diagnostic-code:|reporting-mta:|550 |551 |552 |553 |554 |5.1.1|sorry, we were unable|message log follows|returned without|not accepted for|error message|errors occurred|"
    "konnte nicht zugestellt|nicht zustellbar|nicht zugestellt|unzustellbar|n'a pas pu être|n'a pu être remis|impossible de remettre|pas été remis|no se pudo entregar|no se ha podido entregar|non è stato possibile|impossibile recapitare|não pôde ser entregue|não foi possível entregar|"
    "kon niet worden|kunde inte levereras|kunne ikke leveres|nie mogła zostać|nie można dostarczyć|не может быть доставлено|не удалось доставить|не было доставлено|送信できません|配信できません|配達できません|届けられません|見つかりません|ありませんでした|无法投递|无法送达|無法傳遞|退信|전송하지 못|전달되지".split(
        "|"
    )
)
DELAYED_TEXT: Final = tuple(
    "warning only|do not need to resend|still being retried|will be retried|delivery attempts will continue|has not yet been delivered|will keep trying|will continue to|delayed|could not send message for past|not been delivered yet".split(
        "|"
    )
)

AUTO_SUBJECT: Final = re.compile(
    r"^(?:re|aw|sv|fw|fwd)?\s*:?\s*[\[(\"*]{0,2}(?:"
    r"auto(?:matic|mated|matische?|matisk[et]?|matico|matica)?[ .:_-]*(?:reply|response|respon[ds]e?r?|answer|antwort|antwoord|svar|acknowledge?ment|repl\w*|respuesta|risposta|réponse|vastaus|yanıt|válasz)|"
    r"autorepl\w*|autorespon\w*|auto ?: |out[ -]of[ -](?:the )?office(?=\s*(?:$|[:\-–(\[]|auto|repl|re\b|respon|notif|message|until|from|aw\b))|ooo(?:\s*:|\s*$)|(?:on )?vacation(?: (?:reply|response|message|notice|notification)|:|$)|on (?:vacation|holiday|leave)\b|away (?:from|until|on|message|notification|through)|i(?:'|’)?(?:m| am) (?:away|out of|on (?:vacation|holiday|leave))|absence (?:notification|message|du)|"
    r"automatische (?:antwort|abwesenheit|rückmeldung|e-mail)|abwesenheit\w*|abwesend\b|(?:nicht|außer) (?:im büro|haus)|urlaub\w*(?::|$)|autoantwort|automatisch(?:e|er)?[ -]|eingangsbestätigung|"
    r"réponse automatique|réponse d['’]absence|réponse auto|absen(?:t|te|ce)(?: du bureau|:|$)|message d['’]absence|accusé de réception|notification d['’]absence|"
    r"respuesta autom[aá]tica|contestaci[oó]n autom[aá]tica|fuera de (?:la )?oficina|ausente\b|auto[- ]?respuesta|"
    r"risposta automatica|fuori (?:sede|ufficio)|assenza\b|assente\b|"
    r"resposta autom[aá]tica|fora do escrit[oó]rio|aus[eê]n(?:te|cia)\b|f[eé]rias(?::|$)|"
    r"automatisch antwoord|automatisch bericht|afwezig\w*|niet aanwezig|buiten kantoor|"
    r"autosvar|automatisk[t]? (?:svar|svarsmelding)|frånvaro\w*|fravær\w*|semester\w*(?::|$)|ikke til stede|ferie(?::|$)|"
    r"automaattinen (?:vastaus|poissaolo\w*)|poissa(?:olo\w*| toimistosta)?(?::|$| )|lomalla|"
    r"autoodpowied\w*|automatyczna odpowied\w*|odpowied\w* automatyczn\w*|nieobecno\w*|poza biurem|"
    r"automatick[aá] odpov\w*|mimo kancel[aá]\w*|nep[rř][ií]tomn\w*|"
    r"автоответ\w*|автоматическ\w+ (?:ответ|уведомление)|вне офиса|нет на месте|автоматична відповідь|автовідповідь|в отпуске|у відпустці|"
    r"automatikus (?:válasz\w*)|távollét\w*|otomatik (?:yanıt|cevap)|ofis dışında|răspuns automat|samodejni odgovor|automatski odgovor|αυτόματη απάντηση|εκτός γραφείου|"
    r"自动(?:回复|答复)|自動(?:回覆|回复|応答|返信|返答)|外出(?:自动|自動)|不在(?:通知|のお知らせ|配信)?(?::|：|$|に)|休暇|休假|자동 ?(?:응답|회신|답장)|부재(?: ?중|알림)"
    r")",
    re.IGNORECASE,
)
AUTO_TEXT: Final = re.compile(
    r"\b(?:i am|i'm|i’m|i will be|we are) (?:currently )?(?:away|out of (?:the )?office|on (?:vacation|holiday|leave|annual leave)|not in the office)|this is an auto(?:mated|matic|matically generated)\b|automatic(?:ally)? (?:generated )?(?:reply|response)|"
    r"ich bin (?:derzeit|zur ?zeit|momentan|bis|vom|ab)?.{0,40}(?:nicht (?:im büro|erreichbar)|abwesend|außer haus|im urlaub)|je suis (?:actuellement )?absente?|estaré (?:fuera|ausente)|sono (?:attualmente )?(?:assente|fuori)|estou (?:ausente|de férias|fora)|ik ben (?:momenteel |tijdelijk )?(?:afwezig|niet aanwezig|op vakantie)",
    re.IGNORECASE,
)
