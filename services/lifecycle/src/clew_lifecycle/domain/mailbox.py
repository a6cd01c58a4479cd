"""Whose mailbox an address is: a person's, or one that many read. Next: clew_lifecycle.domain.find_deal.find_deal."""

# Names of functions, not of people: whoever writes from them speaks for the company.
_SHARED_NAMES = frozenset(
    {
        *("info", "office", "contact", "hello", "hallo", "hi", "mail", "post", "team", "kontakt", "contacto"),
        *("sales", "orders", "order", "enquiries", "enquiry", "inquiries", "verkauf", "vertrieb", "ventas"),
        *("support", "help", "helpdesk", "service", "admin", "administration", "reception", "secretary", "sekretariat"),
        *("billing", "accounts", "accounting", "invoices", "buchhaltung", "marketing", "press", "jobs", "purchasing"),
    }
)  # fmt: skip

# Where anybody may have an address: the domain says nothing of the company.
_OPEN_DOMAINS = frozenset(
    {
        *("gmail.com", "googlemail.com", "outlook.com", "outlook.de", "outlook.fr", "hotmail.com", "hotmail.co.uk"),
        *("hotmail.fr", "hotmail.it", "hotmail.de", "live.com", "live.co.uk", "msn.com", "yahoo.com", "yahoo.co.uk"),
        *("yahoo.de", "yahoo.fr", "yahoo.it", "yahoo.es", "yahoo.co.jp", "yahoo.co.in", "ymail.com", "rocketmail.com"),
        *("aol.com", "icloud.com", "me.com", "mac.com", "gmx.de", "gmx.net", "gmx.at", "gmx.ch", "gmx.com", "web.de"),
        *("t-online.de", "freenet.de", "mail.com", "mail.ru", "inbox.ru", "list.ru", "bk.ru", "yandex.ru"),
        *("proton.me", "protonmail.com", "pm.me", "tutanota.com", "tuta.com", "posteo.de", "mailbox.org", "zoho.com"),
        *("orange.fr", "wanadoo.fr", "free.fr", "laposte.net", "sfr.fr", "libero.it", "virgilio.it", "alice.it"),
        *("terra.com.br", "uol.com.br", "bol.com.br", "qq.com", "163.com", "126.com", "sina.com", "naver.com"),
        *("daum.net", "btinternet.com", "comcast.net", "verizon.net", "att.net", "sbcglobal.net", "cox.net"),
        *("seznam.cz", "email.cz", "wp.pl", "o2.pl", "onet.pl", "interia.pl", "bluewin.ch", "telenet.be", "skynet.be"),
        *("fastmail.com", "hey.com", "duck.com", "ziggo.nl", "kpnmail.nl", "planet.nl", "rediffmail.com"),
    }
)  # fmt: skip


def is_shared_mailbox(email: str) -> bool:
    """Tell `info@acme.example` from a person's address; at a provider open to all even `info` is one person."""
    name, _, domain = email.rpartition("@")
    return name in _SHARED_NAMES and domain not in _OPEN_DOMAINS


def company_domain(email: str | None) -> str | None:
    """Give the domain of an address when it can only be its company's."""
    domain = (email or "").rpartition("@")[2]
    return domain if domain and domain not in _OPEN_DOMAINS else None


def without_tag(email: str) -> str:
    """Give `ada+shop@x` as `ada@x`."""
    name, _, domain = email.rpartition("@")
    return f"{name.partition('+')[0] or name}@{domain}"
