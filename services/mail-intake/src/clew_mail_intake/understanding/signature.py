"""Lines that a device or an app puts under a mail, and the line that opens a signature."""

import re

_DEVICES = (
    r"iphone|ipad|ipod|ios|android|samsung|galaxy|huawei|xiaomi|htc|nokia|lumia|blackberry|windows|mobile?|mobil\w*|phone|"
    r"smartphone|handy|tablet|cell|device|outlook|mail|gmail|yahoo|airmail|mailbox|sparrow|spark|protonmail|k-9|aqua|"
    r"sony|xperia|pixel|oneplus|motorola|lg|palm|treo|surface|laptop|computer|pc|macbook|apple watch"
)
_SENT = re.compile(
    r"""^[\s*_<(\[|~-]{0,6}(?:
      sent\s+(?:from|via|with|by|using|on)\b | sent\s+on\s+the\s+go | get\s+\[?outlook\s+for\b | from\s+my\s+(?:i?phone|ipad|mobile|android|samsung|cell|blackberry)
    | (?:envoyé|envoye)\s+(?:depuis|de|à\s+partir\s+de|avec|par|via)\b | téléchargez?\s+outlook | obtenir\s+outlook | expédié\s+(?:de|depuis)
    | (?:von|mit)\s+mein\w*\s.{0,60}(?:gesendet|geschickt|verschickt) | gesendet\s+(?:von|mit|über|aus|via)\b | diese\s+nachricht\s+wurde\s+von\s+mein | holen\s+sie\s+sich\s+outlook | outlook\s+für\s+\S+\s+(?:herunterladen|beziehen)
    | enviado?a?\s+(?:desde|do|da|de|del|por|via|con|pelo|a\s+partir)\b | obtén\s+outlook | obter\s+(?:o\s+)?outlook | obtener\s+outlook
    | inviato\s+(?:da|dal|dall|con|tramite)\b | scarica\s+outlook | ottieni\s+outlook
    | verzonden\s+(?:met|vanaf|vanuit|via|door)\b | verstuurd\s+(?:met|vanaf|via|vanuit)\b | outlook\s+voor\s+\S+\s+downloaden
    | sendt\s+(?:fra|med|via)\b | skickat\s+(?:från|med|via)\b | skickad\s+från | sänt\s+från | hämta\s+outlook | hent\s+outlook | få\s+outlook
    | lähetetty\s | wysłan[eoy]\s+(?:z|ze|przez|za\s+pomocą)\b | wysłano\s+(?:z|ze|za)\b | pobierz\s+outlook | uzyskaj\s+outlook
    | отправлено\s+(?:с|из|от|через)\b | надіслано\s+(?:з|із|через)\b | отправлена\s+с | скачать\s+outlook
    | odesláno\s+(?:z|ze|pomocí)\b | odoslané\s+(?:z|zo)\b | trimis\s+(?:de|din|cu)\s | poslano\s+(?:s|sa|iz)\b | elküldve\s | küldve\s
    | \S+(?:[''’]?(?:dan|den|tan|ten))\s+gönderildi | στάλθηκε\s+από | được\s+gửi\s+từ | dikirim\s+dari | נשלח\s+מ | أرسلت\s+من
    | (?:发自|發自|從我的|从我的|傳送自|寄自|通过|來自我的|来自我的|透過).{0,40} | .{0,30}(?:から送信|から送信されました|を使って送信|より送信) | (?:나의|내)\s?.{0,20}(?:에서\s?보냄|보냄) | .{0,30}에서\s?보냄
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_FROM_MOBILE = re.compile(rf"^\S{{1,20}}\s+from\s+(?:my\s+)?(?:{_DEVICES})\.?$", re.IGNORECASE)
_DIESE = re.compile(
    r"^(?:this|diese|ce|este|esta|questo|dit|denne)\s.{0,40}\b(?:sent|gesendet|envoyé|enviado|inviato|verzonden)\b.{0,80}$",
    re.IGNORECASE,
)
_LONGEST = 160
_SEPARATOR = re.compile(r"^[ \t]{0,3}(?:--|—|–|--[ \t\u00a0]|- -|__)[ \t\u00a0]*$")


def is_device_line(line: str) -> bool:
    """Say whether a line is the "Sent from my phone" kind."""
    if len(line) > _LONGEST or len(line) < 6:
        return False
    line = line.strip()
    if _SENT.match(line) or _FROM_MOBILE.match(line):
        return _is_short_claim(line)
    return bool(_DIESE.match(line)) and re.search(rf"\b(?:{_DEVICES})\b", line, re.IGNORECASE) is not None


def is_signature_separator(line: str) -> bool:
    """Say whether a line is `-- ` or what stands for it."""
    return len(line) < 8 and _SEPARATOR.match(line) is not None


def _is_short_claim(line: str) -> bool:
    """Keep sentences such as "Sent by courier on Monday, please confirm" out."""
    folded = line.lower()
    latin = folded.startswith(
        ("sent ", "enviad", "inviat", "gesendet", "envoyé", "verzonden", "sendt", "skickat", "wysłan")
    )
    vague = folded.startswith(("sent on ", "sent by "))
    return not latin or (len(folded) < 40 and not vague) or re.search(rf"\b(?:{_DEVICES})\b", folded) is not None
