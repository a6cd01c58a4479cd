"""A reply or a forward around words that are known, in one of thirteen languages.

Next: clew_mail_intake.understanding.reply_text.split_reply.
"""

from random import Random

from clew_mail_intake.scoring.mutants.client_phrases import (
    GMAIL_FROM,
    GMAIL_PASSED_ON,
    OUTLOOK,
    OVER_QUOTES,
    PASSED_ON,
    SIGNATURES,
)

_PEOPLE = (
    ("Lea Lead", "lea@customer.example"),
    ("Müller, Jörg", "joerg.mueller@firma-beispiel.example"),
    ("Олена Коваль", "kovaliova.olena@mail.example"),
    ("Dr. A. B. van den Berg-Christiansen", "a.van-den-berg@a-rather-long-domain-name.example"),
    ("山田太郎", "yamada@kaisha.example"),
)
_QUOTED = (
    ("Could you send us an offer for twenty chairs?", "", "Many thanks"),
    ("Guten Tag,", "", "wir brauchen zwanzig Stühle bis Mai.", "", "Mit freundlichen Grüßen"),
    ("Bonjour, merci de nous envoyer un devis.",),
    ("Добрый день, нужны стулья.", "С уважением"),
)
_MEANWHILE = "2026-01-04 10:12"


def with_quote(random: Random, words: str) -> str:
    """Put the mail that is answered under the words, as one of many programs would."""
    if random.random() < 0.4:
        return f"{words}\n\n{_outlook_head(random)}\n\n{chr(10).join(random.choice(_QUOTED))}\n"
    name, address = random.choice(_PEOPLE)
    over = random.choice(random.choice(OVER_QUOTES)).format(name=name, address=address, who=f"{name} <{address}>")
    if len(over) > 72 and random.random() < 0.7:
        # Programs break this line where it gets long.
        at = over.rfind(" ", 0, 76)
        over = f"{over[:at]}\n{over[at + 1 :]}"
    quoted = "\n".join(f"> {line}".rstrip() for line in random.choice(_QUOTED))
    return f"{words}\n\n{over}\n{random.choice(('', chr(10)))}{quoted}\n"


def with_signature(random: Random, words: str) -> str:
    """Put a signature or a device's line under the words."""
    return f"{words}\n\n{random.choice(SIGNATURES)}\n"


def passed_on(random: Random, note: str, body: str) -> tuple[str, str]:
    """Return a forward of the body below a note, and the part of it that is the forwarded mail as printed."""
    name, address = random.choice(_PEOPLE)
    who = f"{name} <{address}>"
    kind = random.randrange(4)
    if kind == 0:
        label = random.choice(GMAIL_FROM)
        rule = f"{GMAIL_PASSED_ON}\n"
        head = f"{label}{who}\nDate: Mon, Jan 4, 2026 at 10:12 AM\nSubject: Chairs\nTo: <sales@ours.example>"
    elif kind == 3:
        printed = _outlook_head(random)
        rule, head = ("", printed) if not printed.startswith(("-", "_")) else _first_line(printed)
    else:
        thunderbird, apple, subject, date, sender, to = random.choice(PASSED_ON)
        lines = [f"{subject}Chairs", f"{date}{_MEANWHILE}", f"{sender}{who}", f"{to}sales@ours.example"]
        if kind == 2:
            lines = [lines[2], lines[0], lines[1], lines[3]]
        rule, head = f"{thunderbird if kind == 1 else apple}\n{'' if kind == 1 else chr(10)}", "\n".join(lines)
    return f"{note}\n\n{rule}{head}\n\n{body}\n", f"{head}\n\n{body}"


def _first_line(text: str) -> tuple[str, str]:
    rule, _, rest = text.partition("\n")
    return f"{rule}\n", rest


def _outlook_head(random: Random) -> str:
    sender, sent, to, subject, over = random.choice(OUTLOOK)
    name, address = random.choice(_PEOPLE)
    above = random.choice((f"{over}\n", "_" * 32 + "\n", ""))
    bold = random.choice(("", "*")) if not above else ""
    lines = ((sender, f"{name} <{address}>"), (sent, _MEANWHILE), (to, "sales@ours.example"), (subject, "Chairs"))
    return above + "\n".join(f"{bold}{label.rstrip()}{bold} {value}" for label, value in lines)
