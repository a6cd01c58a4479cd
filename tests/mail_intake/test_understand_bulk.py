"""Which mails go to many, and what a filter before us says of them (B21, B23)."""

import msgspec
import pytest
from clew_mail_intake.understanding.understand import understand

from tests.mail_intake.mails import OURS, mail, read


@pytest.mark.parametrize(
    "header",
    [
        "List-Id: <news.example>",
        "Precedence: bulk",
        "Precedence: list",
        "From: noreply@shop.example",
        "Mailing-List: x",
    ],
)
def test_mail_to_many_opens_nothing(header: str) -> None:
    """B21: newsletters and addresses that read no answers."""
    assert read(header).verdict == "list"


def test_a_person_for_whom_a_site_sends_is_a_person() -> None:
    """B21: `noreply@` alone says that answers are lost, not that nobody wrote."""
    assert read("From: Sandy Miller <noreply@forge.example>").verdict == "enquiry"
    assert read("From: Forge Alerts <noreply@forge.example>").verdict == "list"


@pytest.mark.parametrize(
    ("sender", "subject", "body", "verdict"),
    [
        ("info@shop.example", "Your order 7", "It was shipped today.\n\nPlease do not reply to this email.", "list"),
        (
            "Shop <info@shop.example>",
            "x",
            "Any questions? See our site.\n\nAutomated: do not reply to this mail.",
            "list",
        ),
        ("info@laden.example", "Versand", "Ihr Paket kommt.\n\nBitte antworten Sie nicht auf diese E-Mail.", "list"),
        ("info@magasin.example", "Colis", "Merci de ne pas répondre à ce message.", "list"),
        ("info@tienda.example", "Pedido", "Por favor, no responda a este correo.", "list"),
        ("info@sklep.example", "Paczka", "Prosimy nie odpowiadać na tę wiadomość.", "list"),
        ("info@dian.example", "订单", "您的订单已发货。请勿直接回复此邮件。", "list"),
        ("info@mise.example", "ご注文", "このメールに返信されてもお答えできません。", "list"),
        ("Ihr Laden <info@laden.example>", "Versand", "Bitte nicht auf diese E-Mail antworten.", "list"),
        ("Jo Miller <jo@client.example>", "Chairs", "Twenty, please. Do not reply to this mail, call me.", "enquiry"),
        ("info@klein.example", "Stühle", "Können Sie liefern? Bitte nicht auf diese E-Mail antworten.", "enquiry"),
        ("info@client.example", "Re: Chairs", "Yes, twenty.\n\n> Please do not reply to this email.", "enquiry"),
        ("info@ours.example", "Contact form", "Jo: twenty chairs. Do not reply to this email.", "enquiry"),
    ],
)
def test_an_offices_notice_that_wants_no_answer_opens_nothing(
    sender: str, subject: str, body: str, verdict: str
) -> None:
    """B21: in what language it says so; people, answers and our own sites may have such words in their mails."""
    found = read(f"From: {sender}", f"Subject: {subject}", "Content-Type: text/plain; charset=utf-8", body=body)

    assert found.verdict == verdict, found.reasons


@pytest.mark.parametrize(
    "header",
    [
        "X-Spam-Flag: YES",
        "X-Spam-Status: Yes, score=9.1",
        "X-SES-Spam-Verdict: FAIL",
        "X-MS-Exchange-Organization-SCL: 6",
        "X-Forefront-Antispam-Report: CIP:1.2.3.4;SFV:SPM;SCL:5;",
        "X-Rspamd-Action: add header",
        "X-Spamd-Result: default: True [9.1 / 6.0]",
        "X-Barracuda-Spam-Status: Yes, SCORE=9.10 using global scores",
        "X-Example-MailScanner-SpamCheck: spam, SpamAssassin (score=9.1)",
        "X-Forefront-Antispam-Report: CIP:1.2.3.4;SFV:NSPM;SCL:1;CAT:PHSH;",
    ],
)
def test_a_filters_verdict_before_us_is_heard(header: str) -> None:
    """B23."""
    assert read(header).verdict == "spam"


@pytest.mark.parametrize(
    "header",
    [
        "X-Spam-Flag: NO",
        "X-Spam-Status: No, score=1",
        "X-MS-Exchange-Organization-SCL: 1",
        "X-Example-MailScanner-SpamCheck: not spam, SpamAssassin (score=1)",
        # The last hop's word stands above an earlier one's.
        "X-Spam-Flag: NO\r\nX-Spam-Flag: YES",
    ],
)
def test_a_filters_all_clear_is_heard_as_well(header: str) -> None:
    """B23."""
    assert read(header).verdict == "enquiry"


@pytest.mark.parametrize(
    ("header", "verdict"),
    [
        ("List-Id: <users.example>", "enquiry"),
        ("List-Id: <users.example>\r\nPrecedence: list\r\nList-Unsubscribe: <https://x.example>", "enquiry"),
        ("List-Id: <news.example>\r\nFeedback-ID: 1:2:3:x", "list"),
        ("List-Id: <news.example>\r\nPrecedence: bulk", "list"),
        ("List-Id: <n.example>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click", "list"),
        ("Precedence: bulk", "list"),
    ],
)
def test_people_write_through_lists_where_the_settings_say_so(header: str, verdict: str) -> None:
    """B21: by default nothing that came through a list opens anything; with the setting newsletters still do not."""
    written = mail(header)

    assert understand(written, known=OURS).verdict == "list"
    assert understand(written, known=msgspec.structs.replace(OURS, people_write_through_lists=True)).verdict == verdict
